"""The embedded stack: PostgreSQL, Valkey and the portal's own processes, run and watched by one supervisor.

Used when DATABASE_URL or REDIS_URL is not set. Nothing outside `config` imports it.
"""
