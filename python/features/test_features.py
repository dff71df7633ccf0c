from pytest_bdd import scenarios
from vocabulary import FEATURES

scenarios("quick_start.feature")
scenarios(str(FEATURES))
