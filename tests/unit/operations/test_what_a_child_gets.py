"""What kops and the lease's watchdog get of the environment. A member of fault 55's kind."""

from kled import config
from kled.operations.stores import child_environment


def test_a_child_gets_no_credentials_of_prefect() -> None:
    env = {
        "PREFECT_API_AUTH_STRING": "admin:hunter22",
        "PREFECT_API_KEY": "pnu_0123456789abcdefghij",
        "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql://me:hunter22@db/prefect",
        "HCLOUD_TOKEN": "kops needs it",
        "HOME": "/nowhere",
    }

    given = child_environment(config.load(env))

    assert given == {"HCLOUD_TOKEN": "kops needs it", "HOME": "/nowhere"}
