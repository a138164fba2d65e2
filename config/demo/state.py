"""What the demo builders hand to each other."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from partnerhub.models import OnboardingTemplate
from tenancy.models import Customer, Partner

HISTORY = timedelta(days=90)


@dataclass
class Demo:
    """What is being built: the clock and the dice are given once, everything else follows."""

    now: datetime
    dice: random.Random
    partners: dict[str, Partner] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    templates: dict[str, OnboardingTemplate] = field(default_factory=dict)

    @property
    def began(self) -> datetime:
        """Midnight, ninety days ago (UTC)."""
        return datetime.combine((self.now - HISTORY).date(), time.min, UTC)

    def moment(self, start: datetime, end: datetime) -> datetime:
        """Some whole second in between, at no convenient hour."""
        return start + timedelta(seconds=self.dice.randrange(max(1, int((end - start).total_seconds()))))

    def identity(self) -> uuid.UUID:
        """A uuid from the dice, so that a seed gives the same ids."""
        return uuid.UUID(int=self.dice.getrandbits(128), version=4)
