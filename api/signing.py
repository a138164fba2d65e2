"""How a receiver knows that a webhook's body is ours, unchanged and fresh."""

import hashlib
import hmac


def signature_headers(body: bytes, *, secret: str, at: int) -> dict[str, str]:
    """The headers that sign `body`, sent at the second `at`; none without a secret.

    X-Spark-Signature is the public API's: HMAC-SHA1 of the body. X-Portal-Signature has the time inside what is signed
    (`t.body`, HMAC-SHA256): whoever records a delivery cannot pass it off as a new one later.
    """
    if not secret:
        return {}
    key = secret.encode()
    fresh = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-Spark-Signature": hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Portal-Signature": f"t={at},v1={fresh}",
    }
