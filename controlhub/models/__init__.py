"""Inside one customer: packages it may use, locations, numbers, people, rooms, and who had which package from when to when."""

from controlhub.models.assignments import PackageAssignment as PackageAssignment
from controlhub.models.equipment import Device as Device
from controlhub.models.equipment import DevicePolicy as DevicePolicy
from controlhub.models.extensions import Extension as Extension
from controlhub.models.locations import LivingLocations as LivingLocations
from controlhub.models.locations import Location as Location
from controlhub.models.numbers import NumberOwnership as NumberOwnership
from controlhub.models.numbers import PhoneNumber as PhoneNumber
from controlhub.models.organization import OrganizationDomain as OrganizationDomain
from controlhub.models.organization import OrganizationSettings as OrganizationSettings
from controlhub.models.organization import SimulatedTxtRecord as SimulatedTxtRecord
from controlhub.models.packages import CustomerPackage as CustomerPackage
from controlhub.models.people import ConsentRequest as ConsentRequest
from controlhub.models.people import FirstAdministrator as FirstAdministrator
from controlhub.models.people import ListColumns as ListColumns
from controlhub.models.people import LocationAdminScope as LocationAdminScope
from controlhub.models.people import PeopleSettings as PeopleSettings
from controlhub.models.queues import CallQueue as CallQueue
from controlhub.models.queues import QueueAgent as QueueAgent
from controlhub.models.ranges import TsTzRange as TsTzRange
from controlhub.models.setup_assist import SetupAssistOrder as SetupAssistOrder
from controlhub.models.subscribers import Subscriber as Subscriber
from controlhub.models.workspaces import Workspace as Workspace
