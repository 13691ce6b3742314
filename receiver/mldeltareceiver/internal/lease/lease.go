// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package lease keeps which partitions a member of a group has, and how far it has read each.
package lease

import "strconv"

// Partition is a partition of a topic.
type Partition struct {
	Topic  string
	Number int32
}

// String is "topic/number".
func (p Partition) String() string { return p.Topic + "/" + strconv.Itoa(int(p.Number)) }

// Lease is a partition from its assignment to its revocation. The next assignment of the partition
// is another one.
type Lease struct {
	Partition Partition

	over       bool
	positioned bool
	// next is the offset of the next record, target the one up to which records had been written
	// when the partition was assigned, and end the newest one known.
	next, target, end int64
	current           bool
}

// Over reports whether the partition was revoked: records that were fetched before are not read.
func (l *Lease) Over() bool { return l.over }

// Read takes note of the record at an offset.
func (l *Lease) Read(offset int64) {
	l.next = max(l.next, offset+1)
	l.end = max(l.end, l.next)
}

// Known takes note of the end of the partition, as a fetch has it.
func (l *Lease) Known(end int64) { l.end = max(l.end, end) }

// Lag is the number of records that are known and not read.
func (l *Lease) Lag() int64 { return l.end - l.next }

// Current reports whether all has been read that was written before the assignment.
func (l *Lease) Current() bool { return l.current }

// Catch makes the lease current where it has become so, and returns whether it has.
func (l *Lease) Catch() bool {
	if l.current || !l.positioned || l.next < l.target {
		return false
	}
	l.current = true
	return true
}

// Table has the leases that hold.
type Table map[Partition]*Lease

// Assign begins a lease. The one before, if there is any, is over.
func (t Table) Assign(p Partition) *Lease {
	t.Revoke(p)
	l := &Lease{Partition: p}
	t[p] = l
	return l
}

// Position says from which offset a partition is read, and the one after its last record.
func (t Table) Position(p Partition, start, target int64) {
	if l := t[p]; l != nil {
		l.next, l.target, l.positioned = start, target, true
		l.end = max(start, target)
	}
}

// Revoke ends a lease and reports whether there was one.
func (t Table) Revoke(p Partition) bool {
	l, ok := t[p]
	if ok {
		l.over = true
		delete(t, p)
	}
	return ok
}
