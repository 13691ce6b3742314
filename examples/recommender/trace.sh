#!/bin/sh
# Prints the trace of the first alert with a name, from the files that the collector writes: a line a span, with its service, the rows and
# the result that it says, its event and its link. A tracing backend shows the same.
#
#   sh examples/recommender/trace.sh StageRows
state=state/recommender
trace=$(grep "\"ml.alert.name\",\"value\":{\"stringValue\":\"$1\"" "$state/alerts.json" | head -n 1 | grep -o '"traceId":"[0-9a-f]*' | cut -d'"' -f4)
echo "trace $trace"
# The file has a line for each request of a service: first the service, then its spans.
sed 's/{"traceId"/\n&/g' "$state/traces.json" | awk -v trace="$trace" '
function after(pattern) { # the text that follows what matches
	return match($0, pattern) ? substr($0, RSTART + RLENGTH) : ""
}
function attribute(key,   text) {
	text = after("\"key\":\"" key "\",\"value\":[{]\"[a-zA-Z]*\":\"?")
	sub(/["}].*/, "", text)
	return text
}
function member(key,   text) {
	text = after("\"" key "\":\"")
	sub(/".*/, "", text)
	return text
}
/"service.name"/ { service = attribute("service.name") }
/^[{]"traceId"/ && !/"name"/ && last { said[last] = said[last] " linked with trace " member("traceId") }
/^[{]"traceId"/ { last = "" }
$0 ~ "^[{]\"traceId\":\"" trace && /"name"/ {
	last = id = member("spanId"); parent[id] = member("parentSpanId"); began[id] = member("startTimeUnixNano")
	from[id] = service; name[id] = member("name")
	rows = attribute("ml.stage.rows.out"); if (rows == "") rows = attribute("db.response.returned_rows")
	said[id] = (rows == "" ? "" : rows " rows") " " attribute("cicd.pipeline.task.run.result") attribute("cicd.pipeline.result") " " \
		member("events\":[[][{][^}]*\"name")
}
END {
	for (id in name) {
		indent = ""
		for (p = parent[id]; p in name; p = parent[p]) indent = indent "  "
		line = sprintf("%s\t%-14s%-38s%s", began[id], from[id], indent name[id], said[id])
		sub(/ +$/, "", line)
		print line
	}
}' | sort | cut -f2
