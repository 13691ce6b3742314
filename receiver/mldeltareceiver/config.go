// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldeltareceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver/internal/broker"
)

// Config is the configuration of the ml_delta receiver. The empty config reads the topic ml_deltas
// from localhost:9092.
type Config struct {
	// Config is the connection, with the keys of contrib's kafka receiver.
	broker.Config `mapstructure:",squash"`
	// Topic is the topic that the leaves write to, keyed by model. Default ml_deltas.
	Topic string `mapstructure:"topic"`
	// GroupID is the consumer group that shares the partitions among its members. Default ml_drift.
	GroupID string `mapstructure:"group_id"`
	// Reread is how far back a partition is read again when it is assigned, on to the midnight
	// before that, in UTC. Default 168h; 0 reads all that the topic retains.
	Reread time.Duration `mapstructure:"reread"`
	// SessionTimeout is the silence after which the group takes a member for dead. Default 10s; the
	// broker's group.min.session.timeout.ms and group.max.session.timeout.ms bound it.
	SessionTimeout time.Duration `mapstructure:"session_timeout"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		Config: broker.Config{Brokers: []string{"localhost:9092"}, ClientID: "otelcol-ml"},
		Topic:  "ml_deltas", GroupID: "ml_drift", Reread: 168 * time.Hour, SessionTimeout: 10 * time.Second,
	}
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	wrong.Check(
		configcheck.DurationOrZero("reread", c.Reread, 0, 0),
		configcheck.Duration("session_timeout", c.SessionTimeout, time.Second, 0))
	if c.Topic == "" {
		wrong.Add("topic", "must be set")
	}
	if c.GroupID == "" {
		wrong.Add("group_id", "must be set")
	}
	if len(c.Brokers) == 0 {
		wrong.Add("brokers", "must be set")
	}
	if sasl := c.Auth.SASL; sasl != nil && sasl.Mechanism == "AWS_MSK_IAM_OAUTHBEARER" {
		wrong.Add("auth::sasl::mechanism", "AWS_MSK_IAM_OAUTHBEARER is not supported; use SCRAM-SHA-512 or OAUTHBEARER")
	}
	return wrong.Err()
}
