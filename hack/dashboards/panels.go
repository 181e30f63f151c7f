package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	statpanel "github.com/grafana/grafana-foundation-sdk/go/stat"
	tables "github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

type panel = cog.Builder[dashboard.Panel]

// query is a PromQL query and, except for tables, the legend of its series. In PromQL, <cluster>,
// <namespace>, <exporter> and, for self-metrics of clusters, <watched> stand for the matchers of the
// variables.
type query struct{ expr, legend string }

// show returns a query with a legend.
func show(legend, expr string) query { return query{expr: expr, legend: legend} }

// ask returns a query of a table, or of a panel with a single series.
func ask(expr string) query { return query{expr: expr} }

var matchers = strings.NewReplacer(
	"<cluster>", `cluster=~"$cluster"`,
	"<namespace>", `cluster=~"$cluster", namespace=~"$namespace"`,
	"<exporter>", `job=~"$job", instance=~"$instance"`,
	"<watched>", `job=~"$job", instance=~"$instance", cluster=~"$cluster"`,
)

// stat returns a panel with a number for each series.
func stat(width uint32, title, description, unit string, steps []dashboard.Threshold, queries ...query) panel {
	b := statpanel.NewPanelBuilder().GraphMode(common.BigValueGraphModeNone).Orientation(common.VizOrientationAuto).ReduceOptions(lastValue)
	return fill(b, width, 4, title, description, instant(queries)).Unit(unit).Thresholds(thresholds(steps))
}

// bars returns a panel with a bar for each series.
func bars(width uint32, title, description, unit string, steps []dashboard.Threshold, queries ...query) panel {
	b := bargauge.NewPanelBuilder().DisplayMode(common.BarGaugeDisplayModeBasic).Orientation(common.VizOrientationHorizontal).ReduceOptions(lastValue).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{}))
	return fill(b, width, 8, title, description, instant(queries)).Unit(unit).Thresholds(thresholds(steps))
}

// graph returns a panel with lines over time.
func graph(width uint32, title, description, unit string, queries ...query) panel {
	return lines(width, title, description, unit, common.StackingModeNone, 0, queries)
}

// stack returns a panel with stacked lines over time.
func stack(width uint32, title, description, unit string, queries ...query) panel {
	return lines(width, title, description, unit, common.StackingModeNormal, 40, queries)
}

func lines(width uint32, title, description, unit string, mode common.StackingMode, opacity float64, queries []query) panel {
	b := timeseries.NewPanelBuilder().DrawStyle(common.GraphDrawStyleLine).LineWidth(1).FillOpacity(opacity).ShowPoints(common.VisibilityModeNever).
		Stacking(common.NewStackingConfigBuilder().Mode(mode).Group("A")).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	targets := targets(queries, func(q *prometheus.DataqueryBuilder) { q.Range().Format(prometheus.PromQueryFormatTimeSeries) })
	return fill(b, width, 8, title, description, targets).Unit(unit).Thresholds(thresholds(nil))
}

// table returns a panel with a row for each set of labels. The columns of values are called Value
// for one query, or else Value #A, Value #B and so on. A column named "" is hidden.
func table(width uint32, title, description string, columns map[string]string, queries ...query) panel {
	hidden, renamed := map[string]bool{"Time": true}, map[string]string{}
	for column, name := range columns {
		if name == "" {
			hidden[column] = true
		} else {
			renamed[column] = name
		}
	}
	b := tables.NewPanelBuilder().CellHeight(common.TableCellHeightSm).
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{"excludeByName": hidden, "indexByName": map[string]int{}, "renameByName": renamed}})
	targets := targets(queries, func(q *prometheus.DataqueryBuilder) { q.Instant().Format(prometheus.PromQueryFormatTable) })
	return fill(b, width, 8, title, description, targets).Thresholds(thresholds(nil))
}

// A builder of a panel has these methods, which return the builder.
type builder[B any] interface {
	Title(text string) B
	Description(text string) B
	Datasource(ref common.DataSourceRef) B
	Span(width uint32) B
	Height(height uint32) B
	Targets(targets []cog.Builder[variants.Dataquery]) B
}

// fill sets the common parts of all panels.
func fill[B builder[B]](b B, width, height uint32, title, description string, targets []cog.Builder[variants.Dataquery]) B {
	return b.Title(title).Description(description).Datasource(source).Span(width).Height(height).Targets(targets)
}

func instant(queries []query) []cog.Builder[variants.Dataquery] {
	return targets(queries, func(q *prometheus.DataqueryBuilder) { q.Instant().Format(prometheus.PromQueryFormatTimeSeries) })
}

func targets(queries []query, as func(*prometheus.DataqueryBuilder)) (all []cog.Builder[variants.Dataquery]) {
	for i, q := range queries {
		b := prometheus.NewDataqueryBuilder().RefId(string(rune('A' + i))).Datasource(source).EditorMode(prometheus.QueryEditorModeCode).Expr(matchers.Replace(q.expr))
		if q.legend != "" {
			b.LegendFormat(q.legend)
		}
		as(b)
		all = append(all, b)
	}
	return all
}

var (
	source    = common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}
	lastValue = common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false)

	badFromOne  = []dashboard.Threshold{from(1, "red")}
	warnFromOne = []dashboard.Threshold{from(1, "orange")}
	nearlyFull  = []dashboard.Threshold{from(0.8, "orange"), from(0.9, "red")}
)

func from(value float64, color string) dashboard.Threshold {
	return dashboard.Threshold{Color: color, Value: &value}
}

// thresholds color a value from each step on; without steps it has no color.
func thresholds(steps []dashboard.Threshold) cog.Builder[dashboard.ThresholdsConfig] {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(append([]dashboard.Threshold{{Color: "green"}}, steps...))
}
