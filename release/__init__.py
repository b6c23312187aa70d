"""How a release is made and tried: see "Release" in CONTRIBUTING.md."""
