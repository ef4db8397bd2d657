"""Serves moto on a port of loopback. Every signature is verified, and what the checks need is there from the
first answer on: a user with a key that is known, and the buckets. Arguments: port, key id, secret, bucket ...
"""

import json
import os
import sys

# Before the import, which reads it: no request at all goes unverified.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.server import main

PARTITION = "aws"
REGION = "us-east-1"
USER = "lab"


def admit(key_id, secret):
    """Makes the user, who may do everything. moto makes keys by chance, so ours is laid over."""
    iam = iam_backends[DEFAULT_ACCOUNT_ID][PARTITION]
    iam.create_user(REGION, USER)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    policy = iam.create_policy("everything", "/", document, "", [])
    iam.attach_user_policy(policy.arn, USER)
    iam.create_access_key(USER)
    key = iam.users[USER].access_keys[-1]
    key.access_key_id, key.secret_access_key = key_id, secret


port, key_id, secret, *buckets = sys.argv[1:]
admit(key_id, secret)
for bucket in buckets:
    s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].create_bucket(bucket, REGION)
main(["-H", "127.0.0.1", "-p", port])
