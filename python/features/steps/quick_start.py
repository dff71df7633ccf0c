from behave import fixture, given, use_fixture
from behave.runner import Context
from service import running

from test_probe.steps.behave import world_of


@fixture
def service(context, bootstrap_servers):
    with running(bootstrap_servers):
        yield


@given("the service is running")
def service_is_running(context: Context) -> None:
    use_fixture(service, context, world_of(context).probe.bootstrap_servers)
