"""Which packages a customer may use, and how many of each."""

from django.db import models
from django.db.models import F, Q

from tenancy.models import Customer
from tenancy.packages import PACKAGE_CHOICES


class CustomerPackage(models.Model):
    """A package enabled for a customer: its limit (none = unlimited) and how many assignments are open right now.

    `used` is maintained by a conditional update, so that forty parallel requests cannot pass a limit of ten.
    """

    class Status(models.TextChoices):
        PROVISIONING = "provisioning", "In progress"
        PROVISIONED = "provisioned", "Active"
        DELETING = "deleting", "Deleting"
        ERROR = "error", "Failed"

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="packages")
    package = models.CharField(max_length=32, choices=PACKAGE_CHOICES)
    limit = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=12, choices=Status, default=Status.PROVISIONING)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    license_id = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("customer", "package", name="package_once_per_customer"),
            models.CheckConstraint(condition=Q(limit=None) | Q(used__lte=F("limit")), name="package_used_within_limit"),
        ]

    def __str__(self) -> str:
        return self.get_package_display()
