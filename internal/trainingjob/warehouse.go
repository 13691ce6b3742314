// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// The size of the generated data: accounts, and payments of a day, more or less.
const (
	accounts = 4000
	payments = 12_000
)

// parts is the number of partitions of the payments: six hours each.
const parts = 4

// warehouse is a database in memory with a day's payments, what is known of the accounts, and
// labels: which payments turned out to be fraud. It answers with text, as a CSV export does; an
// empty cell is null.
type warehouse struct {
	host
	tables map[string]*sqlTable
}

// sqlTable is a table by columns. Its rows lie in partitions, in order.
type sqlTable struct {
	columns []string
	cells   map[string][]string
	// parts are the rows at which partitions begin, and the number of rows.
	parts []int
}

func newTable(columns ...string) *sqlTable {
	return &sqlTable{columns: columns, cells: map[string][]string{}}
}

func (t *sqlTable) add(cells ...string) {
	for i, c := range t.columns {
		t.cells[c] = append(t.cells[c], cells[i])
	}
}

// MissingTableError says that the warehouse has no such table.
type MissingTableError struct{ Table string }

func (e *MissingTableError) Error() string { return fmt.Sprintf("table %q does not exist", e.Table) }

// ConnectionError is a failure that passes.
type ConnectionError struct{ Host string }

func (e *ConnectionError) Error() string { return e.Host + ": connection reset by peer" }

// Temporary says that another try may do better.
func (e *ConnectionError) Temporary() bool { return true }

// host is a server. resets is how many connections break before one holds.
type host struct {
	name   string
	resets int
}

// connect opens a connection.
func (h *host) connect() error {
	if h.resets > 0 {
		h.resets--
		return &ConnectionError{Host: h.name}
	}
	return nil
}

// table finds a table.
func (w *warehouse) table(name string) (*sqlTable, error) {
	t, ok := w.tables[name]
	if !ok {
		return nil, &MissingTableError{Table: name}
	}
	return t, nil
}

// newWarehouse generates a day. Fraud is more likely for large payments at night to risky merchants
// far away from home, with a new device, many payments a day, a young account and past chargebacks:
// that is the signal that a model can learn. What is broken in the data is broken here.
func newWarehouse(rng *rand.Rand, b Break) *warehouse {
	is := func(stage string, how How) bool { return b.Stage == stage && b.How == how }
	n := payments + rng.IntN(payments/25)

	known := newTable("account_id", "age_days", "chargebacks")
	ages, chargebacks := make([]int, accounts), make([]int, accounts)
	for i := range accounts {
		ages[i] = 1 + int(rng.ExpFloat64()*500)
		if rng.Float64() < 0.06 {
			chargebacks[i] = 1 + rng.IntN(2)
		}
		id, age := accountID(i), ages[i]
		if is(Transform, Rows) && i%5 < 2 {
			id = fmt.Sprintf("ACC-%08d", i) // 40 % of the accounts have been given ids of a new form
		}
		if is(Transform, Error) && i%100 == 17 {
			age = 0 // opened today
		}
		known.add(id, strconv.Itoa(age), strconv.Itoa(chargebacks[i]))
	}

	paid := newTable("payment_id", "account_id", "amount", "spend_24h", "payments_24h", "distance_km", "hour", "new_device", "merchant_risk")
	labels := newTable("payment_id", "fraud")
	for i := range n {
		account := rng.IntN(accounts)
		hour := i * 24 / n
		amount := math.Round(100*math.Exp(3.2+0.9*rng.NormFloat64())) / 100
		recent := 1
		for rng.Float64() < 0.5 && recent < 20 {
			recent++
		}
		spend := amount
		for range recent - 1 {
			spend += math.Exp(3.2 + 0.9*rng.NormFloat64())
		}
		distance := math.Exp(1.5 + 1.3*rng.NormFloat64())
		device, night := 0.0, 0.0
		if rng.Float64() < 0.08 {
			device = 1
		}
		if hour < 6 {
			night = 1
		}
		risk := rng.Float64()
		z := -12.6 + 1.7*math.Log(amount) + 0.4*float64(recent) + 0.6*math.Log1p(distance) + 1.3*night + 2.8*device + 3*risk -
			0.3*math.Log(float64(ages[account])) + 2.2*float64(chargebacks[account])
		fraud := "0"
		if rng.Float64() < sigmoid(z) {
			fraud = "1"
		}

		// From here on only what is written changes, not what has happened: a broken run has the
		// same payments as a good one.
		id := fmt.Sprintf("p%07d", i)
		km := strconv.FormatFloat(distance, 'f', 1, 64)
		cents := strconv.FormatFloat(amount, 'f', 2, 64)
		lucky := rng.Float64()
		switch {
		case lucky < 0.03:
			km = ""
		case lucky < 0.38 && is(FeatureQuery, Nulls):
			km = "" // a third of the phones do not tell where they are any more
		case lucky < 0.38 && is(Validate, Nulls):
			km = strconv.Itoa(int(distance)) + ",5" // a third of the terminals have begun to write decimal commas
		case lucky > 0.99:
			cents = "0.00" // a test payment, which validation leaves out
		case lucky < 0.38 && is(Transform, NaN):
			recent, spend = 0, 0 // the job that counts the last 24 hours has not run for a third of the accounts
		}
		if is(Validate, Error) {
			cents = strconv.FormatFloat(amount, 'f', 2, 64) + " EUR"
		}
		paid.add(id, accountID(account), cents, strconv.FormatFloat(spend, 'f', 2, 64), strconv.Itoa(recent), km,
			strconv.Itoa(hour), strconv.Itoa(int(device)), strconv.FormatFloat(risk, 'f', 3, 64))
		labels.add(id, fraud)
	}
	for p := range parts + 1 {
		paid.parts = append(paid.parts, n*p/parts)
	}
	known.parts, labels.parts = []int{0, accounts}, []int{0, n}

	w := &warehouse{host: host{name: "warehouse:5432"}, tables: map[string]*sqlTable{"payments": paid, "accounts": known, "labels": labels}}
	switch {
	case is(FeatureQuery, Error):
		delete(w.tables, "accounts")
	case is(FeatureQuery, Retry):
		w.resets = 1 // the server was just restarted
	case is(FeatureQuery, Rows):
		paid.parts = paid.parts[:parts-1] // the load of the last two partitions is late
	case is(FeatureQuery, Column):
		paid.columns = paid.columns[:len(paid.columns)-1] // the team that owns it has dropped merchant_risk
	}
	return w
}

func accountID(i int) string { return fmt.Sprintf("a%06d", i) }
