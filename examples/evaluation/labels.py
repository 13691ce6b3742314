"""Posts the labels of a CSV file to otelcol-ml: python3 examples/evaluation/labels.py FILE [ADDRESS]"""

import csv
import sys
import time

import requests


def post(labels, address):
    """Posts labels until the collector has taken them, and returns its answer."""
    while True:
        answer = requests.post(address, json=labels, timeout=30)
        if answer.status_code != 429:
            break
        time.sleep(int(answer.headers["Retry-After"]))  # the collector has no room now
    if answer.status_code == 400:  # what is wrong, and where; the other labels were taken
        print(answer.text, file=sys.stderr)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    address = sys.argv[2] if len(sys.argv) > 2 else "http://localhost:4319/v1/ground-truth"
    with open(sys.argv[1], newline="") as file:
        rows = list(csv.DictReader(file))  # prediction_id, label, label_time
    for first in range(0, len(rows), 1000):
        print(post(rows[first : first + 1000], address))
