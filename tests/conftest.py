"""What every test shares: no property test fails because the machine was busy."""

from hypothesis import settings

settings.register_profile("scale", deadline=None)
settings.load_profile("scale")
