"""Who signs in, and which role he has where."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from tenancy.models.tenants import Customer, Partner
from tenancy.policy import CUSTOMER_ROLES, Role

ROLE_CHOICES = [(role.value, role.label) for role in Role]


class AdminUserManager(BaseUserManager["AdminUser"]):
    """Creates people who sign in; e-mail addresses are stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "AdminUser":
        """A new account. Without a password it cannot sign in until one is set by a reset link."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "AdminUser":
        return self.get(email=(username or "").lower())


class AdminUser(AbstractBaseUser):
    """Somebody who signs in. What he may do stands in his role assignments, never here."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(max_length=161, unique=True)
    full_name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_staff = False
    is_superuser = False

    objects = AdminUserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="admin_email_lower"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email


class RoleAssignment(models.Model):
    """One role of one person, at one partner or one customer. `partner_admin` also needs customers assigned to it."""

    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=24, choices=ROLE_CHOICES)
    partner = models.ForeignKey(Partner, models.CASCADE, null=True, blank=True, related_name="role_assignments")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="role_assignments")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("admin", "role", "partner", "customer", name="role_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=(
                    Q(role__in=sorted(CUSTOMER_ROLES), customer__isnull=False, partner__isnull=True)
                    | (~Q(role__in=sorted(CUSTOMER_ROLES)) & Q(partner__isnull=False, customer__isnull=True))
                ),
                name="role_fits_its_organisation",
            ),
        ]
        indexes = [models.Index(fields=["customer", "role"], name="role_customer")]

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.role}"


class CustomerAssignment(models.Model):
    """A partner administrator sees only the customers assigned to him (domain.md 7.2)."""

    admin = models.ForeignKey(AdminUser, models.CASCADE, related_name="customer_assignments")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="assigned_admins")

    class Meta:
        constraints = [models.UniqueConstraint("admin", "customer", name="customer_assigned_once")]

    def __str__(self) -> str:
        return f"{self.admin_id}:{self.customer_id}"
