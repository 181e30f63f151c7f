package celexpr

import (
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/library"
)

// CostLimit is the limit on the cost of one evaluation, in units of Kubernetes' cost model: a tenth
// of a validation rule's limit. With long lists, time grows faster than cost, and it delays
// rendering.
const CostLimit = celconfig.PerCallLimit / 10

// Names of the variables.
const (
	objectVariable = "object"
	selfVariable   = "self"
)

// environment is built by the first Compile. Its options and their versions are those of
// Kubernetes 1.37 (k8s.io/apiserver/pkg/cel/environment), without the authorizer's.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.ASTValidators(
			cel.ValidateDurationLiterals(),
			cel.ValidateTimestampLiterals(),
			patternValidator{},
			cel.ValidateHomogeneousAggregateLiterals(),
		),
		cel.CostEstimatorOptions(checker.PresenceTestHasCost(false)),

		ext.Strings(ext.StringsVersion(2)),
		ext.Sets(),
		ext.TwoVarComprehensions(),
		ext.Lists(ext.ListsVersion(3)),
		library.Lists(library.ListsVersion(1)),
		library.Regex(),
		library.URLs(),
		library.IP(),
		library.CIDR(),
		library.Quantity(),
		library.Format(),
		library.SemverLib(library.SemverVersion(1)),

		cel.Variable(objectVariable, cel.DynType),
		cel.Variable(selfVariable, cel.DynType),
	)
})

// programOptions bound the cost of an evaluation.
var programOptions = []cel.ProgramOption{
	cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost),
	cel.CostLimit(CostLimit),
	cel.CostTracking(costEstimator{}),
	cel.CostTrackerOptions(interpreter.PresenceTestHasCost(false)),
}

// A costEstimator is Kubernetes' estimator of the cost of calls, but charges the addition of dynamic
// operands by its result: cel-go charges 1 for a call with several overloads.
type costEstimator struct{ library.CostEstimator }

// CallCost returns the cost of a call; nil for cel-go's own.
func (e costEstimator) CallCost(function, overload string, args []ref.Val, result ref.Val) *uint64 {
	if function == "_+_" {
		var size int
		switch sum := result.(type) {
		case types.String:
			size = len(sum)
		case types.Bytes:
			size = len(sum)
		}
		return new(1 + uint64(size)/10) // common.StringTraversalCostFactor
	}
	return e.CostEstimator.CallCost(function, overload, args, result)
}
