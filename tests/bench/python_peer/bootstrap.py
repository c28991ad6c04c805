"""A Lambda runtime in Python, as small as one can be: import the handler, then ask for work until stopped.

  bootstrap.py MODULE

The order is that of awslambdaric: the module is imported, with all that it makes at its top, before the first request.
"""

import http.client
import importlib
import json
import os
import sys
import traceback

_PREFIX = "/2018-06-01/runtime/invocation"


def main() -> None:
    """Serves `MODULE.handler`."""
    handler = importlib.import_module(sys.argv[1]).handler
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", f"{_PREFIX}/next")
        response = api.getresponse()
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(response.read())
        try:
            kind, answer = "response", handler(event, None)
        except Exception as error:
            traceback.print_exc()
            kind, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        api.request("POST", f"{_PREFIX}/{request_id}/{kind}", json.dumps(answer), {"Content-Type": "application/json"})
        api.getresponse().read()


if __name__ == "__main__":
    main()
