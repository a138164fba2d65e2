"""Measurements that can be repeated: each builds what it needs, measures, and leaves nothing behind."""
