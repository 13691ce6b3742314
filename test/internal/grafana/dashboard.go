// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"encoding/json"
	"fmt"
	"os"
)

// Dashboard is a dashboard in the classic schema of Grafana: what of it this package, and tests, look at.
type Dashboard struct {
	UID         string
	Title       string
	Description string
	Tags        []string
	Refresh     string
	Time        struct{ From, To string }
	Panels      []Panel
	Templating  struct{ List []Variable }
	Annotations struct{ List []Annotation }
	Links       []Link
}

// Panel is a panel, or a row: its type is then "row", and if it is collapsed its panels are within.
type Panel struct {
	ID              int
	Type            string
	Title           string
	Description     string
	GridPos         Grid
	Datasource      *Datasource
	Targets         []Target
	FieldConfig     FieldConfig
	Options         map[string]any
	Transformations []Transformation
	Links           []Link
	Repeat          string
	// Interval is the least step of its queries, such as "1m".
	Interval  string
	Collapsed bool
	Panels    []Panel
}

// Grid is where a panel is: columns of 24, rows of about 38 pixels.
type Grid struct{ X, Y, W, H int }

// Datasource is what is asked.
type Datasource struct{ Type, UID string }

// Target is a query of a panel.
type Target struct {
	RefID        string
	Expr         string
	LegendFormat string
	// Format is "time_series", "table" or "heatmap".
	Format     string
	Instant    bool
	Range      bool
	Exemplar   bool
	Interval   string
	Hide       bool
	Datasource *Datasource
}

// Link leads from a dashboard, a panel or a value to somewhere.
type Link struct {
	Title       string
	URL         string
	Type        string
	Tags        []string
	TargetBlank bool
}

// Transformation is what is made of the answers before they are shown.
type Transformation struct {
	ID       string
	Disabled bool
	Options  map[string]any
}

// FieldConfig is how values are shown. Defaults and the values of properties are as they stand in the JSON: Field applies them.
type FieldConfig struct {
	Defaults  map[string]any
	Overrides []Override
}

// Override is what differs for some fields.
type Override struct {
	Matcher struct {
		ID      string
		Options any
	}
	Properties []struct {
		ID    string
		Value any
	}
}

// Variable is what a user chooses above a dashboard.
type Variable struct {
	Name        string
	Label       string
	Description string
	// Type is "query", "custom", "textbox", "constant", "interval", "datasource" or "adhoc".
	Type       string
	Query      Query
	Definition string
	Regex      string
	Multi      bool
	IncludeAll bool
	AllValue   string
	Current    Option
	Options    []Option
	Sort       int
	Hide       int
	Datasource *Datasource
}

// Option is a value of a variable, with what is shown for it.
type Option struct{ Text, Value Texts }

// Texts is a text, or a list of texts, in the JSON.
type Texts []string

// UnmarshalJSON takes both.
func (t *Texts) UnmarshalJSON(data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	*t = nil
	switch v := value.(type) {
	case nil:
	case []any:
		for _, item := range v {
			*t = append(*t, fmt.Sprint(item))
		}
	default:
		*t = Texts{fmt.Sprint(v)}
	}
	return nil
}

// Query is the query of a variable: a text, or an object that has it.
type Query string

// UnmarshalJSON takes both.
func (q *Query) UnmarshalJSON(data []byte) error {
	var object struct{ Query string }
	if err := json.Unmarshal(data, (*string)(q)); err == nil {
		return nil
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*q = Query(object.Query)
	return nil
}

// Annotation is a query whose results are marked in all panels that have a time axis.
type Annotation struct {
	Name        string
	Enable      bool
	Hide        bool
	BuiltIn     int
	IconColor   string
	Expr        string
	Step        string
	TitleFormat string
	TextFormat  string
	TagKeys     string
	Datasource  *Datasource
}

// Read reads a file.
func Read(file string) (*Dashboard, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := &Dashboard{}
	if err := json.Unmarshal(content, d); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}

// All returns the panels that show something, in their order, also those in collapsed rows, without the rows.
func (d *Dashboard) All() []Panel {
	var all []Panel
	for _, p := range d.Panels {
		if p.Type != "row" {
			all = append(all, p)
		}
		all = append(all, p.Panels...)
	}
	return all
}
