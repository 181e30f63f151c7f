package dashboards

// stat is a single number, or one for each series.
func stat(width int, title, description, unit string, steps []Threshold, queries ...query) panel {
	return panel{kind: "stat", title: title, description: description, unit: unit, width: width, height: 4, thresholds: steps, queries: queries}
}

// graph is lines over time.
func graph(width int, title, description, unit string, queries ...query) panel {
	return panel{kind: "timeseries", title: title, description: description, unit: unit, width: width, height: 8, queries: queries}
}

// stack is lines over time that make up a whole.
func stack(width int, title, description, unit string, queries ...query) panel {
	p := graph(width, title, description, unit, queries...)
	p.stacked = true
	return p
}

// bars is one bar for each series.
func bars(width int, title, description, unit string, steps []Threshold, queries ...query) panel {
	return panel{kind: "bargauge", title: title, description: description, unit: unit, width: width, height: 8, thresholds: steps, queries: queries}
}

// table is a line for each set of labels. The columns of values are called Value
// if there is one query, or else Value #A, Value #B and so on.
func table(width int, title, description string, columns map[string]string, queries ...query) panel {
	return panel{kind: "table", title: title, description: description, width: width, height: 8, columns: columns, queries: queries}
}

// show is a query of which the series are called legend.
func show(legend, expr string) query { return query{expr: expr, legend: legend} }

// ask is a query of a table, or of a panel with a single series.
func ask(expr string) query { return query{expr: expr} }

var (
	badFromOne  = []Threshold{from(1, "red")}
	warnFromOne = []Threshold{from(1, "orange")}
	nearlyFull  = []Threshold{from(0.8, "orange"), from(0.9, "red")}
)

// hiding is the same table without a column.
func (p panel) hiding(column string) panel {
	p.hidden = append(p.hidden, column)
	return p
}
