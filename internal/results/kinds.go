package results

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// Kinds returns the resources that feed the index, without families: only the fields of the index are
// requested.
func Kinds() []generators.Resource {
	return []generators.Resource{
		partial{&generators.Table[*batchv1.CronJob]{
			Resource: generators.CronJobs.Resource, Kind: generators.CronJobs.Kind, Scope: generators.Namespaced,
			Fetch: generators.Fetch[*batchv1.CronJob]{Reads: generators.Fields{"status.lastSuccessfulTime"}, Older: generators.CronJobs.Fetch.Older},
		}},
		partial{&generators.Table[*batchv1.Job]{
			Resource: generators.Jobs.Resource, Kind: generators.Jobs.Kind, Scope: generators.Namespaced,
			Fetch: generators.Fetch[*batchv1.Job]{Reads: generators.Fields{"status.conditions", "status.startTime", "status.completionTime"}},
		}},
	}
}

// Has reports whether this package renders the derived families of a resource.
func Has(d generators.Description) bool {
	return slices.ContainsFunc(Kinds(), func(r generators.Resource) bool { return r.Describe().Key == d.Key })
}

// Needed returns the kinds that must feed the index for an export of resources: none without derived
// families of this package.
func Needed(selection generators.Selection, exported []generators.Resource) []generators.Resource {
	for _, r := range exported {
		if d := r.Describe(); Has(d) && selection.Derives(d) {
			return Kinds()
		}
	}
	return nil
}

// partial is a resource of which only some fields are requested.
type partial struct{ generators.Resource }

// Describe returns the catalogue entry. Its name differs from that of the exported resource.
func (p partial) Describe() generators.Description {
	d := p.Resource.Describe()
	d.Name = "results/" + d.Name
	return d
}
