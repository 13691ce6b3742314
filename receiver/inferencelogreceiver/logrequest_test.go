// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
)

// agentRecord is a record as KServe's agent marshals it.
func agentRecord(id, kind, body string) string {
	return `{"Url":{"Scheme":"s3","Opaque":"","User":null,"Host":"bucket","Path":"/logs"},"Bytes":"` + base64.StdEncoding.EncodeToString([]byte(body)) +
		`","ContentType":"application/json","ReqType":"org.kubeflow.serving.inference.` + kind + `","Id":"` + id + `","SourceUri":{"Scheme":"http","Host":"localhost:9081"},` +
		`"InferenceService":"fraud","Namespace":"prod","Component":"predictor","Endpoint":"canary","Metadata":{"X-Model-Version":["7"]},"Annotations":null,"CertName":"","TlsSkipVerify":false}`
}

var (
	agentRequest  = agentRecord("r1", "request", `{"instances":[[1,2]]}`)
	agentResponse = agentRecord("r1", "response", `{"predictions":[0.5]}`)
)

func body(media, data string) message {
	return message{Headers: map[string]string{"Content-Type": media}, Body: json.RawMessage(data)}
}

// rows are the records as KServe's CSV and Parquet have them.
func rows(t *testing.T) (header []string, all [][]string) {
	t.Helper()
	for _, text := range []string{agentRequest, agentResponse} {
		var r struct{ Bytes, ContentType, ReqType, ID string }
		require.NoError(t, json.Unmarshal([]byte(text), &r))
		all = append(all, []string{
			"s3://bucket/logs", r.Bytes, r.ContentType, r.ReqType, r.ID, "http://localhost:9081", "fraud", "prod", "predictor", "canary",
			`{"X-Model-Version":["7"]}`, "", "", "false",
		})
	}
	return []string{
		"url", "bytes", "contentType", "reqType", "id", "sourceUri", "inferenceService", "namespace", "component", "endpoint", "metadata",
		"annotations", "certName", "tlsSkipVerify",
	}, all
}

func csvBlob(t *testing.T) string {
	t.Helper()
	header, all := rows(t)
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	require.NoError(t, w.Write(header))
	require.NoError(t, w.WriteAll(all))
	return b.String()
}

// logRow is what is read of KServe's record.
type logRow struct {
	Bytes            string `parquet:"bytes"`
	ContentType      string `parquet:"contentType"`
	ReqType          string `parquet:"reqType"`
	ID               string `parquet:"id"`
	InferenceService string `parquet:"inferenceService"`
	Namespace        string `parquet:"namespace"`
	Component        string `parquet:"component"`
	Endpoint         string `parquet:"endpoint"`
	Metadata         string `parquet:"metadata"`
	Annotations      string `parquet:"annotations"`
}

// parquetRow is KServe's record with the columns that are not read.
type parquetRow struct {
	URL string `parquet:"url"`
	logRow
	CertName      string `parquet:"certName"`
	TLSSkipVerify bool   `parquet:"tlsSkipVerify"`
}

func parquetBlob(t testing.TB, records []logRow, options ...parquet.WriterOption) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[parquetRow](&b, options...)
	for _, r := range records {
		_, err := w.Write([]parquetRow{{URL: "s3://bucket", logRow: r}})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func parquetRows(t *testing.T) []logRow {
	t.Helper()
	var out []logRow
	_, all := rows(t)
	for _, r := range all {
		out = append(out, logRow{Bytes: r[1], ContentType: r[2], ReqType: r[3], ID: r[4], InferenceService: r[6], Namespace: r[7], Component: r[8], Endpoint: r[9], Metadata: r[10]})
	}
	return out
}

// What the agent posts and what it stores becomes the span that its CloudEvents would have been.
func TestRecordsOfKServesAgent(t *testing.T) {
	for name, c := range map[string]struct {
		posts []message
		blobs []string // of the answers
	}{
		"a batch":         {[]message{body("application/json", " ["+agentRequest+","+agentResponse+"]\n")}, []string{"[" + agentRequest + "," + agentResponse + "]"}},
		"batches of one":  {[]message{body("application/json", "["+agentRequest+"]"), body("application/json", "["+agentResponse+"]")}, []string{agentRequest, agentResponse}},
		"blobs of JSON":   {[]message{body("application/json", agentRequest), body("application/json", agentResponse)}, []string{"", ""}},
		"a blob of CSV":   {[]message{body("text/csv", csvBlob(t))}, []string{""}},
		"one of Parquet":  {[]message{body("application/octet-stream", parquetBlob(t, parquetRows(t)))}, []string{""}},
		"in another type": {[]message{body("application/vnd.apache.parquet", parquetBlob(t, parquetRows(t)))}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			next := &sink{}
			r := offline(t, config(func(c *Config) { c.ModelVersion = []string{"metadata.x-model-version"} }), next, nil)
			defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
			for i, m := range c.posts {
				w := r.post(t, m)
				require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				assert.Equal(t, c.blobs[i], w.Body.String())
				if c.blobs[i] != "" {
					assert.Equal(t, "json", w.Header().Get("X-Log-Marshal-Extension"))
				}
			}
			require.Len(t, next.spans(), 1)
			attrs := next.spans()[0].Attributes().AsRaw()
			assert.Equal(t, "map[feature_0:1 feature_1:2 value:0.5]", attributes(attrs))
			assert.Equal(t, "fraud", attrs["ml.model.name"])
			assert.Equal(t, "7", attrs["ml.model.version"])
			assert.Equal(t, "canary", attrs["ml.model.role"])
			assert.Equal(t, "prod", next.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().AsRaw()["k8s.namespace.name"])
		})
	}
}

// The agent keeps a batch that is refused and sends it again: it is refused only while there is no
// room.
func TestAgentsBatchIsStoredWhateverItHolds(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.PairingTimeout = 0 }), next, nil)
	defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
	bad := agentRecord("r2", "request", "an image")
	batch := "[" + bad + ",{},5," + agentRequest + "]"
	w := r.post(t, body("application/json", batch))
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, batch, w.Body.String())
	assert.Len(t, next.spans(), 1)

	next.Fail(errFull)
	assert.Equal(t, http.StatusServiceUnavailable, r.post(t, body("application/json", "["+agentRequest+"]")).Code)
	next.Fail(consumererror.NewPermanent(errFull))
	assert.Equal(t, http.StatusOK, r.post(t, body("application/json", "["+agentRequest+"]")).Code)
	next.Fail(nil)
	w = r.post(t, body("application/json", "[]"))
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "[]", w.Body.String())
}

func TestWhatIsNoRecordOfTheAgent(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next, nil)
	defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
	compressed := parquetBlob(t, parquetRows(t), parquet.Compression(&parquet.Gzip))
	whole := parquetBlob(t, parquetRows(t))
	for name, c := range map[string]struct {
		m      message
		reason string
		want   string
	}{
		"another object":     {body("application/json", `{"instances":[[1]]}`), "bad_event", "this is no CloudEvent"},
		"broken JSON":        {body("application/json", `[{]`), "bad_event", "no JSON array of records"},
		"a text":             {body("text/plain", `[]`), "bad_event", "this is no CloudEvent"},
		"another CSV":        {body("text/csv", "a,b\n1,2\n"), "bad_event", "this is no CloudEvent"},
		"no base64":          {body("text/csv", "bytes,reqType\n!,x\n"), "bad_event", "the record's bytes are no base64"},
		"a broken CSV":       {body("text/csv", "bytes,reqType\n\"\n"), "bad_event", "the CSV cannot be read"},
		"many records":       {body("application/json", "["+strings.Repeat("1,", 10_000)+"1]"), "too_large", "more than 10000 records"},
		"a cut Parquet":      {body("application/octet-stream", whole[:len(whole)/2]), "bad_event", "the Parquet file cannot be read"},
		"a compressed one":   {body("application/octet-stream", compressed), "unsupported_payload", "is compressed"},
		"a Parquet footer":   {body("application/octet-stream", "PAR1"+strings.Repeat("x", 100)+"\xff\xff\xff\xffPAR1"), "bad_event", "its footer claims 4294967295 bytes, the file has 112"},
		"many in Parquet":    {body("application/octet-stream", parquetBlob(t, make([]logRow, 10_000+1))), "too_large", "more than 10000 records"},
		"400,000 levels":     {body("application/json", strings.Repeat("[", 400_000)), "bad_event", "no JSON array of records"},
		"levels in a record": {body("application/json", `{"ReqType":"x","Metadata":`+strings.Repeat(`{"a":`, 400_000)), "bad_event", "the record is none of KServe's agent"},
	} {
		t.Run(name, func(t *testing.T) {
			w := r.post(t, c.m)
			assert.Equal(t, http.StatusBadRequest, w.Code)
			var got ingest.Answer
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
			require.NotEmpty(t, got.Refused)
			assert.Equal(t, c.reason, got.Refused[0].Reason)
			assert.Contains(t, got.Refused[0].Message, c.want)
		})
	}
}

// Data in base64 is read wherever it stands and whatever blanks and escapes it has, in both
// versions of the specification.
func TestDataInBase64(t *testing.T) {
	data := base64.StdEncoding.EncodeToString([]byte(`{"instances":[[1,2]],"x":"??>>"}`))
	require.Contains(t, data, "/")
	const context = `"specversion":"1.0","type":"org.kubeflow.serving.inference.request","source":"s","id":"1","inferenceservicename":"fraud"`
	old := strings.Replace(context, "1.0", "0.3", 1)
	for name, text := range map[string]string{
		"no media type":       `{` + context + `,"data_base64":"` + data + `"}`,
		"a blank":             `{` + context + `, "data_base64": "` + data + `"}`,
		"lines":               "{\n" + context + ",\n\t\"data_base64\" :\n\t\"" + data + "\"\n}\n",
		"media type behind":   `{` + context + `, "data_base64": "` + data + `", "datacontenttype": "application/json"}`,
		"media type before":   `{` + context + `, "datacontenttype": "application/json", "data_base64": "` + data + `"}`,
		"before all":          `{ "data_base64": "` + data + `", ` + context + `}`,
		"escaped":             `{` + context + `, "data_base64": "` + strings.ReplaceAll(data, "/", `\/`) + `"}`,
		"version 0.3":         `{` + old + `, "datacontentencoding": "base64", "data": "` + data + `"}`,
		"version 0.3, before": `{ "data": "` + data + `", "datacontentencoding": "base64", ` + old + `}`,
		"no base64 at all":    `{` + context + `, "datacontenttype": "application/json", "data": {"instances": [[1, 2]]}}`,
		"null beside data":    `{` + context + `, "datacontenttype": "application/json", "data": {"instances": [[1, 2]]}, "data_base64": null}`,
	} {
		for media, text := range map[string]string{"application/cloudevents+json": text, "application/cloudevents-batch+json": "[" + text + "]"} {
			t.Run(name+" "+media, func(t *testing.T) {
				next := &sink{}
				r := offline(t, config(func(c *Config) { c.PairingTimeout = 0 }), next, nil)
				defer func() { require.NoError(t, r.Shutdown(t.Context())) }()
				w := r.post(t, body(media, text))
				require.Equal(t, http.StatusOK, w.Code, w.Body.String())
				require.Len(t, next.spans(), 1)
				assert.Equal(t, "map[feature_0:1 feature_1:2]", attributes(next.spans()[0].Attributes().AsRaw()))
			})
		}
	}
}
