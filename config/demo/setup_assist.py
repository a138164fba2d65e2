"""Setup Assist in the story: one order that is done, one on which the team is at work."""

from datetime import timedelta

from config.demo.cast import LOGINS
from config.demo.state import Demo
from controlhub.models import Location, SetupAssistOrder
from controlhub.models.setup_assist import kind_for
from partnerhub.business_days import business_day_after
from partnerhub.services.setup_assist import LEAD_BUSINESS_DAYS, users_at
from tenancy.models import AdminUser

Status = SetupAssistOrder.Status


def order_setup_assist(demo: Demo) -> None:
    """For the first locations that have users, weeks ago, before those days closed."""
    partner, admin = demo.partners[LOGINS[0].at], AdminUser.objects.get(email=LOGINS[0].email)
    served = Location.objects.filter(customer__partner=partner, customer__status="provisioned").order_by("pk")
    places = [place for place in served.select_related("customer") if users_at(place).exists()]
    for place, weeks, phase, status in zip(
        places, (6, 3), (2, 1), (Status.COMPLETED, Status.IN_PROGRESS), strict=False
    ):
        ordered_at = demo.moment(demo.now - timedelta(weeks=weeks), demo.now - timedelta(weeks=weeks, days=-1))
        seats = users_at(place).count()
        order = SetupAssistOrder(
            public_id=demo.identity(),
            partner=partner,
            customer=place.customer,
            location=place,
            kind=kind_for(seats),
            seats=seats,
            go_live_on=business_day_after(ordered_at.date(), LEAD_BUSINESS_DAYS + 2),
            contact_name="Owner",
            contact_email=place.customer.primary_email,
            contact_phone="+1 217 555 0100",
            porting=bool(place.pstn),
            ordered_by=admin,
            ordered_at=ordered_at,
            status=status,
        )
        done = status == Status.COMPLETED
        order.phase = len(order.phases) if done else phase
        order.completed_at = ordered_at + timedelta(days=14) if done else None
        order.save(force_insert=True)
