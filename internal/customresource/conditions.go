package customresource

import "github.com/kubestate/kubestate/internal/exposition"

// The families of entries with conditions.
const (
	conditionName = "kubestate_customresource_condition"
	conditionHelp = "Condition of a custom resource, by status: 1 for the present one, 0 for the others."
	changeName    = "kubestate_customresource_condition_last_transition_timestamp_seconds"
	changeHelp    = "Time of the last transition of a custom resource's condition, Unix seconds."
)

// conditions are the families of status.conditions. They are the same for all kinds.
func conditions() []Family {
	object := []PathLabel{{Name: "name", Source: at("metadata", "name")}, {Name: "namespace", Source: at("metadata", "namespace")}}
	element := []PathLabel{{Name: "condition", Source: at("type")}}
	list := at("status", "conditions").Path
	return []Family{
		{
			Name: conditionName, Help: conditionHelp, Type: exposition.StateSet, Labels: object, Path: list, ElementLabels: element, Value: at("status"),
			ListLabel: "status", List: []string{"True", "False", "Unknown"}, ListNames: []string{"true", "false", "unknown"},
		},
		{Name: changeName, Help: changeHelp, Type: exposition.Gauge, Labels: object, Path: list, ElementLabels: element, Value: at("lastTransitionTime")},
	}
}

// at returns the source at a path of keys.
func at(keys ...string) Source {
	var s Source
	for _, key := range keys {
		s.Path = append(s.Path, Step{Text: key, Kind: KeyStep})
	}
	return s
}
