package dashboards

// The types are the part of Grafana's dashboard schema that is used here, in the
// classic form, which Grafana 10 and later import. A dashboard has no id, which
// belongs to a database, and its data source is a variable.

// Dashboard is the whole of a file.
type Dashboard struct {
	ID            *int       `json:"id"` // null: Grafana gives one
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Editable      bool       `json:"editable"`
	GraphTooltip  int        `json:"graphTooltip"`
	Refresh       string     `json:"refresh"`
	Timezone      string     `json:"timezone"`
	Time          TimeRange  `json:"time"`
	Templating    Templating `json:"templating"`
	Links         []Link     `json:"links"`
	Panels        []Panel    `json:"panels"`
}

// TimeRange is what is shown at first.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Templating holds the variables, in the order in which they are asked for.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is chosen by who looks at the dashboard.
type Variable struct {
	Name       string         `json:"name"`
	Label      string         `json:"label"`
	Type       string         `json:"type"`
	Datasource *DatasourceRef `json:"datasource,omitempty"`
	Query      any            `json:"query"` // a plug-in's name, or a VariableQuery
	Refresh    int            `json:"refresh"`
	Sort       int            `json:"sort,omitempty"`
	Multi      bool           `json:"multi"`
	IncludeAll bool           `json:"includeAll"`
	AllValue   string         `json:"allValue,omitempty"`
	Current    *Choice        `json:"current,omitempty"`
}

// VariableQuery asks Prometheus for the values of a label.
type VariableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

// Choice is what a variable is at first.
type Choice struct {
	Text  []string `json:"text"`
	Value []string `json:"value"`
}

// DatasourceRef says where queries go.
type DatasourceRef struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Link leads to the other dashboards.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	TargetBlank bool     `json:"targetBlank"`
	KeepTime    bool     `json:"keepTime"`
	IncludeVars bool     `json:"includeVars"`
}

// Panel is a picture, or the headline of a row of them.
type Panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         Position         `json:"gridPos"`
	Datasource      *DatasourceRef   `json:"datasource,omitempty"`
	Targets         []Target         `json:"targets,omitempty"`
	FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Transformations []Transformation `json:"transformations,omitempty"`
	Collapsed       *bool            `json:"collapsed,omitempty"` // of rows
	Panels          []Panel          `json:"panels,omitzero"`     // of rows
}

// Position is a place in the grid.
type Position struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Target is a query.
type Target struct {
	RefID        string         `json:"refId"`
	Datasource   *DatasourceRef `json:"datasource"`
	EditorMode   string         `json:"editorMode"`
	Expr         string         `json:"expr"`
	LegendFormat string         `json:"legendFormat,omitempty"`
	Instant      bool           `json:"instant"`
	Range        bool           `json:"range"`
	Format       string         `json:"format"`
}

// FieldConfig says how values look.
type FieldConfig struct {
	Defaults  Defaults   `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Defaults hold for all fields of a panel.
type Defaults struct {
	Unit       string         `json:"unit,omitempty"`
	Thresholds Thresholds     `json:"thresholds"`
	Custom     map[string]any `json:"custom,omitempty"`
}

// Thresholds colour values.
type Thresholds struct {
	Mode  string      `json:"mode"`
	Steps []Threshold `json:"steps"`
}

// Threshold colours values from one on; without one, all.
type Threshold struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Override is for single fields; none is used.
type Override struct{}

// Transformation changes answers before they are shown.
type Transformation struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}

func source() *DatasourceRef { return &DatasourceRef{Type: "prometheus", UID: "${datasource}"} }

// datasource lets the reader choose a Prometheus.
func datasource() Variable {
	return Variable{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1}
}

// choice is a variable with the values of a label of what selector selects. All
// of them is a pattern that matches a label that is not there, too.
func choice(name, label, selector string) Variable {
	return Variable{
		Name: name, Label: label, Type: "query", Datasource: source(),
		Query:   VariableQuery{Query: "label_values(" + matchers.Replace(selector) + ", " + name + ")", RefID: name},
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*",
		Current: &Choice{Text: []string{"All"}, Value: []string{"$__all"}},
	}
}

// options are what each kind of panel shows besides the values.
var options = map[string]map[string]any{
	"stat": {
		"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": "auto", "orientation": "auto",
		"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard",
		"reduceOptions": lastValue,
	},
	"bargauge": {
		"displayMode": "basic", "orientation": "horizontal", "valueMode": "color", "namePlacement": "auto", "sizing": "auto",
		"showUnfilled": true, "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300,
		"legend":        map[string]any{"showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": []string{}},
		"reduceOptions": lastValue,
	},
	"timeseries": {
		"legend":  map[string]any{"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": []string{}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	},
	"table": {"frameIndex": 0, "showHeader": true, "cellHeight": "sm"},
}

var lastValue = map[string]any{"calcs": []string{"lastNotNull"}, "values": false}

// lines is how series are drawn, above each other or each from zero.
func lines(stacked bool) map[string]any {
	mode, fill := "none", 0
	if stacked {
		mode, fill = "normal", 40
	}
	return map[string]any{
		"drawStyle": "line", "lineWidth": 1, "fillOpacity": fill, "showPoints": "never",
		"stacking": map[string]any{"mode": mode, "group": "A"},
	}
}
