// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import "time"

// slack is how much longer than it must a label stays: blocks are open for a while.
const slack = 10 * time.Minute

// Advance lets those go whose time is over. An answer may be labelled until its block leaves, at most
// the time between two saves later. A label stays twice as long as it waits, since an answer that it
// met late may still be corrected.
func (l *Log) Advance(now time.Time) {
	due := now.Add(-l.options.Wait).UnixNano()
	for len(l.answers.blocks) > 0 && l.answers.blocks[0].arrived <= due {
		l.drop(&l.answers, &l.stats.ExpiredAnswers)
	}
	for _, b := range l.labels.blocks {
		if b.arrived > due {
			break
		}
		if !b.checked {
			b.checked, b.sealed = true, true
			b.places(func(p place) {
				if p.marks()&marked == 0 {
					l.stats.ExpiredLabels++
				}
			})
		}
	}
	due = now.Add(-2*l.options.Wait - slack).UnixNano()
	for len(l.labels.blocks) > 0 && l.labels.blocks[0].arrived <= due {
		l.drop(&l.labels, nil)
	}
}

// makeRoom lets the oldest go until the rest fits.
func (l *Log) makeRoom() {
	for l.answers.items > l.answers.room {
		l.drop(&l.answers, &l.stats.EvictedAnswers)
	}
	for l.labels.items > l.labels.room {
		l.evictLabels()
	}
	for l.bytes > l.options.Bytes {
		if len(l.labels.blocks) > 0 && (len(l.answers.blocks) == 0 || l.labels.blocks[0].arrived < l.answers.blocks[0].arrived) {
			l.evictLabels()
		} else {
			l.drop(&l.answers, &l.stats.EvictedAnswers)
		}
	}
}

// evictLabels lets the oldest block of labels go. Answers that they counted for remember that.
func (l *Log) evictLabels() {
	b := l.labels.blocks[0]
	b.places(func(p place) {
		if p.marks()&(marked|superseded) != marked {
			return
		}
		l.chain(p.hash(0), func(q place) bool {
			if q.block.kind == kindAnswer {
				q.mark(forgotten)
			}
			return true
		})
	})
	l.drop(&l.labels, nil)
	l.stats.EvictedLabels += b.items
}

// drop lets the oldest block of a kind go, and counts its items that are alone.
func (l *Log) drop(q *queue, alone *int) {
	b := q.blocks[0]
	b.places(func(p place) {
		l.unlink(p)
		if alone != nil && p.marks()&marked == 0 {
			*alone++
		}
	})
	q.blocks[0] = nil
	q.blocks = q.blocks[1:]
	q.items -= b.items
	l.bytes -= len(b.data)
	l.strangers.items -= b.strangers.items
	l.strangers.bytes -= b.strangers.bytes
	delete(l.blocks, b.number)
	l.gone = append(l.gone, b.number)
}
