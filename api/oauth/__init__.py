"""OAuth2 for integrations at Webex's own paths: /v1/authorize and /v1/access_token (RFC 6749, 7636, 9700)."""
