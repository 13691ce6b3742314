// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package boltfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// options are those of the file_storage extension.
func options(freelist bool) *bbolt.Options {
	return &bbolt.Options{Timeout: time.Second, NoSync: true, NoFreelistSync: !freelist, FreelistType: bbolt.FreelistMapType, PageSize: 4096}
}

// write makes a database with keys on several levels, values of several pages, buckets of both
// kinds and free pages.
func write(t testing.TB, freelist bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, options(freelist))
	require.NoError(t, err)
	db.NoGrowSync = true
	fill := func(from, to int) {
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("default"))
			require.NoError(t, err)
			for i := from; i < to; i++ {
				require.NoError(t, b.Put(fmt.Appendf(nil, "key/%06d/%s", i*7919%10007, bytes.Repeat([]byte("k"), i%200)), bytes.Repeat([]byte("v"), i%300)))
			}
			require.NoError(t, b.Put(fmt.Appendf(nil, "large/%d", from), make([]byte, 20_000+from)))
			small, err := b.CreateBucketIfNotExists([]byte("small"))
			require.NoError(t, err)
			return small.Put(fmt.Appendf(nil, "%d", from), []byte("one"))
		}))
	}
	for from := 0; from < 3000; from += 500 {
		fill(from, from+500)
	}
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.Bucket([]byte("default")).CreateBucket([]byte("deep"))
		require.NoError(t, err)
		for i := range 500 {
			require.NoError(t, b.Put(fmt.Appendf(nil, "%09d", i), make([]byte, 100)))
		}
		return tx.Bucket([]byte("default")).Delete([]byte("large/500"))
	}))
	require.NoError(t, db.Close())
	return path
}

// use opens a database as the extension does, reads all of it and writes to it. It ends the test
// process if Check missed something.
func use(t testing.TB, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, options(false))
	require.NoError(t, err)
	db.NoGrowSync = true
	var all func(b *bbolt.Bucket) error
	all = func(b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			if v == nil {
				return all(b.Bucket(k))
			}
			_ = b.Get(k)
			return nil
		})
	}
	require.NoError(t, db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return all(b) })
	}))
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("default"))
		require.NoError(t, err)
		for i := range 50 {
			require.NoError(t, b.Put(fmt.Appendf(nil, "key/%06d", i*200), make([]byte, 500)))
		}
		return nil
	}))
	require.NoError(t, db.Close())
}

func TestWhole(t *testing.T) {
	for _, freelist := range []bool{false, true} {
		path := write(t, freelist)
		require.NoError(t, Check(path, time.Second))
		use(t, path)
		require.NoError(t, Check(path, time.Second))
	}
	dir := t.TempDir()
	require.NoError(t, Check(filepath.Join(dir, "absent"), time.Second))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	require.NoError(t, Check(filepath.Join(dir, "empty"), time.Second))
}

func TestDamaged(t *testing.T) {
	path := write(t, true)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		damage func(data []byte) []byte
		want   string
	}{
		"zeroed":          {func(d []byte) []byte { return make([]byte, len(d)) }, "is damaged: invalid database"},
		"cut at half":     {func(d []byte) []byte { return d[:len(d)/2] }, "it ends after"},
		"cut in a header": {func(d []byte) []byte { return d[:5000] }, "is damaged: file size too small 5000"},
		"something else":  {func([]byte) []byte { return bytes.Repeat([]byte("no database\n"), 2000) }, "is damaged: invalid database"},
		"a short text":    {func([]byte) []byte { return []byte("no database\n") }, "is damaged: invalid database"},
		"both headers":    {func(d []byte) []byte { clear(d[:8192]); return d }, "is damaged: invalid database"},
		"all but headers": {func(d []byte) []byte { clear(d[8192:]); return d }, "says that it is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, c.damage(bytes.Clone(whole)), 0o600))
			err := Check(path, time.Second)
			require.ErrorIs(t, err, ErrDamaged)
			assert.ErrorContains(t, err, c.want)
		})
	}
	t.Run("the newer header", func(t *testing.T) { // bbolt uses the older one
		for _, id := range []int{0, 1} {
			data := bytes.Clone(whole)
			clear(data[id*4096 : (id+1)*4096])
			require.NoError(t, os.WriteFile(path, data, 0o600))
			if Check(path, time.Second) == nil {
				use(t, path)
			}
		}
	})
}

// TestRandomDamage overwrites pages and bytes. What passes can be used.
func TestRandomDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for _, freelist := range []bool{false, true} {
		path := write(t, freelist)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for range 60 {
			data := bytes.Clone(whole)
			for range 1 + rng.IntN(3) {
				at := rng.IntN(len(data)/4096) * 4096
				p := data[at : at+4096]
				switch rng.IntN(6) {
				case 0:
					clear(p)
				case 1:
					for i := range p {
						p[i] = byte(rng.Uint32())
					}
				case 2: // a byte of a header or of the elements
					p[rng.IntN(200)] ^= 1 << rng.IntN(8)
				case 3:
					binary.NativeEndian.PutUint32(p[rng.IntN(200):], rng.Uint32())
				case 4: // another page in its place
					copy(p, data[rng.IntN(len(data)/4096)*4096:][:4096])
				case 5:
					data = data[:at+rng.IntN(4096)]
				}
				if len(data) < 8192 {
					break
				}
			}
			require.NoError(t, os.WriteFile(path, data, 0o600))
			if err := Check(path, time.Second); err != nil {
				require.ErrorIs(t, err, ErrDamaged)
				found++
				continue
			}
			use(t, path)
		}
	}
	assert.Greater(t, found, 40)
}

func TestInUse(t *testing.T) {
	path := write(t, false)
	db, err := bbolt.Open(path, 0o600, options(false))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.ErrorIs(t, Check(path, 20*time.Millisecond), ErrInUse)
}

// FuzzCheck changes bytes of a small database; its headers get the right checksum, so that what
// they say is looked at.
func FuzzCheck(f *testing.F) {
	path := filepath.Join(f.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, options(true))
	require.NoError(f, err)
	require.NoError(f, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("default"))
		require.NoError(f, err)
		for i := range 200 {
			require.NoError(f, b.Put(fmt.Appendf(nil, "%d", i), make([]byte, 30)))
		}
		return nil
	}))
	require.NoError(f, db.Close())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	require.NoError(f, checkPages(bytes.NewReader(whole), int64(len(whole))))
	f.Add([]byte{0, 16, 1, 16, 24, 200}, uint32(len(whole)))
	f.Fuzz(func(_ *testing.T, changes []byte, size uint32) {
		data := bytes.Clone(whole)
		for ; len(changes) >= 3; changes = changes[3:] {
			data[(int(changes[0])<<8|int(changes[1]))*4%len(data)] = changes[2]
		}
		for _, at := range []int{pageHeader, 4096 + pageHeader} {
			sum := fnv.New64a()
			_, _ = sum.Write(data[at : at+metaSummed])
			binary.NativeEndian.PutUint64(data[at+metaSummed:], sum.Sum64())
		}
		data = data[:min(int(size), len(data))]
		_ = checkPages(bytes.NewReader(data), int64(len(data)))
	})
}
