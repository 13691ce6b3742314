// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package storageclient

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// store is a storage that remembers who asked, or fails.
type store struct {
	testkit.NopExtension
	owner Owner
	err   error
}

func (s *store) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	s.owner = Owner{kind, id, name}
	return storage.NewNopClient(), s.err
}

func TestOpen(t *testing.T) {
	id, owner := component.MustNewID("file_storage"), Owner{component.KindReceiver, component.MustNewID("inference_log"), "lines"}
	s := &store{}
	client, err := Open(t.Context(), testkit.Host{id: s}, "storage", id, owner)
	require.NoError(t, err)
	assert.NotNil(t, client)
	assert.Equal(t, owner, s.owner)

	_, err = Open(t.Context(), testkit.Host{}, "sagemaker::storage", id, owner)
	assert.EqualError(t, err, `'sagemaker::storage': extension "file_storage" is not enabled; list it in service::extensions`)
	_, err = Open(t.Context(), testkit.Host{id: testkit.NopExtension{}}, "storage", id, owner)
	assert.EqualError(t, err, `'storage': extension "file_storage" is not a storage`)
	full := errors.New("the disk is full")
	_, err = Open(t.Context(), testkit.Host{id: &store{err: full}}, "storage", id, owner)
	assert.ErrorIs(t, err, full)
	assert.ErrorContains(t, err, `'storage': cannot open "file_storage"`)
}
