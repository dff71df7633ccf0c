"""The steps that every language understands, for pytest-bdd and for behave.

`texts` holds what features say, `world` what it means; the other two modules tell their runner.
Only the one that is imported needs its runner installed: `test-probe[bdd]`, `test-probe[behave]`.
"""
