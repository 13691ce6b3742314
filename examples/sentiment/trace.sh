#!/bin/sh
# Prints the trace of the first alert with a name, from the files that the collector writes: a line a span, with its duration and its
# service, and then what was logged in it.
#
#   sh examples/sentiment/trace.sh VersionSlow
state=state/sentiment
# A line of these files is a request: each record and each span of it gets a line of its own.
records() { awk '{ gsub(/[{]"timeUnixNano"/, "\n&"); print }' "$state/$1.json"; }
trace=$(records alerts | grep "\"ml.alert.name\",\"value\":{\"stringValue\":\"$1\"" | grep -o '"traceId":"[0-9a-f]*' | head -n 1 | cut -d'"' -f4)
echo "trace $trace"
awk '{ gsub(/[{]"traceId"/, "\n&"); print }' "$state/traces.json" | awk -v trace="$trace" '
function member(key,   text) { # of a span
	text = match($0, "\"" key "\":\"") ? substr($0, RSTART + RLENGTH) : ""
	sub(/".*/, "", text)
	return text
}
match($0, /"service.name","value":[{]"stringValue":"[^"]*/) { service = substr($0, RSTART + 39, RLENGTH - 39) }
$0 ~ "^[{]\"traceId\":\"" trace && /"name"/ {
	id = member("spanId"); parent[id] = member("parentSpanId"); name[id] = member("name"); from[id] = service
	began[id] = member("startTimeUnixNano"); ended[id] = member("endTimeUnixNano")
}
END {
	for (id in name) {
		indent = ""
		for (p = parent[id]; p in name; p = parent[p]) indent = indent "  "
		printf "%s\t%4d ms  %-13s%s\n", began[id], (ended[id] - began[id]) / 1000000, from[id], indent name[id]
	}
}' | sort | cut -f2
records logs | grep "\"$trace\"" | sed -E 's/.*"severityText":"([^"]*)","body":[{]"stringValue":"(.*)"[}],"attributes".*/\1 \2/'
