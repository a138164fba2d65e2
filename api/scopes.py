"""What a token may be good for: the public scopes of the Wholesale API, and those of the admin subset (domain.md 5.2).

A scope opens an operation; what its owner may do there today is the policy table's to say. The lower of the two counts.
"""

from tenancy.tokens import SCOPES, Scope

__all__ = ["SCOPES", "Scope"]
