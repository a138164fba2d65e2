"""The version printed in the footer and by the API. Raise it with CHANGELOG.md."""

VERSION = "0.1.0"
