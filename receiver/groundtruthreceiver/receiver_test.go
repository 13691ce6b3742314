// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/internal/readmetest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/metadatatest"
)

// discard takes everything.
type discard struct{}

func (discard) Capabilities() consumer.Capabilities          { return consumer.Capabilities{} }
func (discard) ConsumeLogs(context.Context, plog.Logs) error { return nil }

func TestValidate(t *testing.T) {
	assert.NoError(t, createDefaultConfig().(*Config).Validate())
	for want, change := range map[string]func(*Config){
		"'endpoint': is empty, and so is 'files::include'":                func(c *Config) { c.NetAddr.Endpoint = "" },
		"'path': \"x\" must start with /":                                 func(c *Config) { c.Path = "x" },
		"'max_request_body_size': -1 must be":                             func(c *Config) { c.MaxRequestBodySize = -1 },
		"'hand_on_timeout': 2h0m0s must be at most 1h0m0s":                func(c *Config) { c.HandOnTimeout, c.WriteTimeout = 2*time.Hour, 0 },
		"'hand_on_timeout': 10ns must be at least 10ms":                   func(c *Config) { c.HandOnTimeout = 10 },
		"'write_timeout': 30s must be longer than 'hand_on_timeout', 30s": func(c *Config) { c.HandOnTimeout = 30 * time.Second },
		"'late_after': 168ns must be at least 10ms":                       func(c *Config) { c.LateAfter = 168 },
		"'read_timeout': 5ns must be at least 10ms":                       func(c *Config) { c.ReadTimeout = 5 },
		"'columns': \"lable\" is no field of a label":                     func(c *Config) { c.Columns = map[string]string{"lable": "x"} },
		"'defaults::set': has 513 bytes, at most 512":                     func(c *Config) { c.Defaults.Set = strings.Repeat("x", 513) },
		"'files::include[0]': \"[\" is not a glob":                        func(c *Config) { c.Files.Include = []string{"["} },
		"'limits::labels': 0 must be from 1 to 1048576":                   func(c *Config) { c.Limits.Labels = 0 },
		"'limits::requests': 0 must be from 1 to 65536":                   func(c *Config) { c.Limits.Requests = 0 },
		"'limits::remembered': -1 must be from 0 to":                      func(c *Config) { c.Limits.Remembered = -1 },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		assert.ErrorContains(t, cfg.Validate(), want)
	}
}

// TestReadme keeps the configs and the options in the README.
func TestReadme(t *testing.T) {
	readmetest.Options(t, NewFactory())
	assert.Equal(t, 3, readmetest.Configs(t, "receivers", NewFactory()))
	readme := readmetest.Text(t)
	for _, o := range outcomes {
		assert.Contains(t, readme, "`"+string(o)+"`")
	}
}

func TestStartErrors(t *testing.T) {
	start := func(change func(*Config)) error {
		r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), config(change), &sink{})
		require.NoError(t, err)
		err = r.Start(t.Context(), componenttest.NewNopHost())
		require.NoError(t, r.Shutdown(t.Context()))
		return err
	}
	require.ErrorContains(t, start(func(c *Config) { c.NetAddr.Endpoint = "localhost:99999" }), "'endpoint'")
	require.EqualError(t, start(func(c *Config) { c.Files.Include, c.Files.Storage = []string{"/x/*"}, &storageID }),
		`'files::storage': extension "memory" is not enabled; list it in service::extensions`)
}

// guard is an authenticator that wants one header.
type guard struct {
	component.StartFunc
	component.ShutdownFunc
}

func (guard) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if v := headers["Authorization"]; len(v) == 1 && v[0] == "Bearer secret" {
		return ctx, nil
	}
	return ctx, errors.New("no")
}

func TestAuth(t *testing.T) {
	id := component.MustNewID("guard")
	next := &sink{}
	r := started(t, config(func(c *Config) {
		c.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	}), next, testkit.Host{id: guard{}})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for header, want := range map[string]int{"": http.StatusUnauthorized, "Bearer secret": http.StatusAccepted} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url(), strings.NewReader(oneLabel))
		require.NoError(t, err)
		req.Header.Set("Authorization", header)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode)
	}
	assert.Len(t, next.labels(t), 1)
}

// follows is a config that follows a folder and listens nowhere.
func follows(dir string, change ...func(*Config)) *Config {
	cfg := config(change...)
	cfg.NetAddr.Endpoint = ""
	cfg.Files.Include, cfg.Files.StartAt = []string{filepath.Join(dir, "*")}, "beginning"
	return cfg
}

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// parquetRow is a row as pandas and Spark write one.
type parquetRow struct {
	ID    int64     `parquet:"prediction_id"`
	Label *bool     `parquet:"actual_label,optional"`
	Time  time.Time `parquet:"label_time,timestamp(microsecond)"`
}

func TestFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, next := t.TempDir(), &sink{}
		write(t, filepath.Join(dir, "a.csv"), "payment;is_fraud\na1;1\na2;\n\"a;3\";0\na4;1;2\na5;1\n")
		write(t, filepath.Join(dir, "b.jsonl"), `{"payment":"b1","is_fraud":true}`+"\n{\n"+`{"payment":"b2","is_fraud":null}`)
		write(t, filepath.Join(dir, "c.txt"), "x,y\n1,2\n")
		write(t, filepath.Join(dir, "d.parquet"), "PAR1")
		yes := true
		require.NoError(t, parquet.WriteFile(filepath.Join(dir, "e.parquet"), []parquetRow{{1, &yes, time.Now()}, {2, nil, time.Now()}}))

		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		cfg := follows(dir, func(c *Config) {
			c.Columns = map[string]string{"prediction_id": "payment", "label": "is_fraud"}
		})
		r, err := newReceiver(metadatatest.NewSettings(tel), cfg, next)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		time.Sleep(3 * time.Second)
		assert.Equal(t, []string{"a1=1", "a5=1", "a;3=0", "b1=true", "b2="}, next.ids(t))

		next.Fail(errFull) // a new line waits until the pipeline takes it
		write(t, filepath.Join(dir, "a.csv"), "a6;0\n")
		time.Sleep(2 * time.Second)
		assert.Len(t, next.ids(t), 5)
		next.Fail(nil)
		time.Sleep(30 * time.Second)
		assert.Contains(t, next.ids(t), "a6=0")
		require.NoError(t, r.Shutdown(t.Context()))

		point := func(n int64, outcome string) metricdata.DataPoint[int64] {
			return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("source", "file"), attribute.String("outcome", outcome))}
		}
		metadatatest.AssertEqualGroundTruthLabels(t, tel, []metricdata.DataPoint[int64]{
			point(6, "accepted"), point(1, "unlabelled"), point(1, "bad_json"), point(2, "bad_label"), point(2, "bad_file"),
		}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
	})
}

// A receiver that starts again with its storage goes on where the last one stopped, in files of lines
// and of Parquet, and sends what the last one had read and not sent.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, store := t.TempDir(), testkit.NewStorage(nil)
		stored := func(c *Config) { c.Files.Storage = &storageID }
		run := func(next *sink, d time.Duration) {
			r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), follows(dir, stored), next)
			require.NoError(t, err)
			require.NoError(t, r.Start(t.Context(), testkit.Host{storageID: store}))
			time.Sleep(d)
			require.NoError(t, r.Shutdown(t.Context()))
		}
		yes, rows := true, []parquetRow{}
		for i := range 1500 {
			rows = append(rows, parquetRow{int64(i), &yes, time.Now()})
		}
		require.NoError(t, parquet.WriteFile(filepath.Join(dir, "b.parquet"), rows))
		first := &sink{}
		first.Fail(nil, errFull) // a thousand rows are taken
		run(first, 5*time.Second)
		assert.Len(t, first.labels(t), 1000)

		write(t, filepath.Join(dir, "a.csv"), "prediction_id,label\na,1\nb,0\n")
		second := &sink{}
		second.Fail(errFull)
		run(second, 5*time.Second)
		assert.Empty(t, second.AllLogs())
		assert.Contains(t, store.Values(), unsentKey)

		third := &sink{}
		run(third, 5*time.Second)
		got := third.ids(t)
		require.Len(t, got, 502)
		assert.Contains(t, got, "a=1")
		assert.Contains(t, got, "b=0")
		assert.Contains(t, got, "1000=true")
		assert.Contains(t, got, "1499=true")

		fourth := &sink{}
		run(fourth, 5*time.Second)
		assert.Empty(t, fourth.AllLogs())
		rows = append(rows[:1], parquetRow{7777, &yes, time.Now()}) // the file has changed: it is another one
		require.NoError(t, parquet.WriteFile(filepath.Join(dir, "b.parquet"), rows))
		run(fourth, 5*time.Second)
		assert.Equal(t, []string{"0=true", "7777=true"}, fourth.ids(t))
	})
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	next := &sink{}
	r, err := newReceiver(metadatatest.NewSettings(tel), config(func(c *Config) { c.LateAfter, c.Limits.Labels = time.Hour, 3 }), next)
	require.NoError(t, err)

	text := `{"prediction_id":"a","label":1,"other":2}`
	r.post(t, text+"\n"+text)
	r.post(t, text+"\n{\n"+`{"prediction_id":"a","label":1,"label_time":4000000000}`)
	r.post(t, `{"prediction_id":"a","label":1,"label_time":"2026-01-01"}`)
	r.post(t, "[")
	r.post(t, strings.Repeat(text+"\n", 4))
	soon := `{"prediction_id":"a","label":1,"label_time":"` + time.Now().Format(time.RFC3339) + `"}`
	r.post(t, soon+"\n"+soon)
	next.Fail(errFull)
	r.post(t, text)
	require.NoError(t, r.Shutdown(t.Context()))

	point := func(n int64, outcome string) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("source", "http"), attribute.String("outcome", outcome))}
	}
	ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}
	metadatatest.AssertEqualGroundTruthLabels(t, tel, []metricdata.DataPoint[int64]{
		point(4, "accepted"), point(1, "duplicate"), point(1, "late"), point(2, "bad_json"), point(1, "bad_label"), point(1, "too_large"), point(1, "refused"),
	}, ignore...)
	metadatatest.AssertEqualGroundTruthUnread(t, tel, []metricdata.DataPoint[int64]{{Value: 8}}, ignore...)
	records, err := tel.GetMetric("otelcol_receiver_accepted_log_records")
	require.NoError(t, err)
	assert.Equal(t, int64(4), records.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
}
