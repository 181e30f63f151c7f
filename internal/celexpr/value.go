package celexpr

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"k8s.io/apimachinery/pkg/util/json"
	kubecel "k8s.io/apiserver/pkg/cel"
)

// Decode returns the value of a JSON text: nil, bool, int64, float64, string, []any or
// map[string]any.
func Decode(raw []byte) (any, error) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	return value, nil
}

// textTypes are the types of Kubernetes' libraries whose values have a canonical text.
var textTypes = map[string]bool{
	kubecel.QuantityType.TypeName(): true,
	kubecel.URLType.TypeName():      true,
	kubecel.IPType.TypeName():       true,
	kubecel.CIDRType.TypeName():     true,
	kubecel.SemverType.TypeName():   true,
}

// allows reports whether results of a type may be values of r, as dynamic ones may.
func (r Result) allows(t *cel.Type) bool {
	switch t.Kind() {
	case types.DynKind, types.AnyKind, types.TypeParamKind, types.BoolKind:
		return true
	case types.NullTypeKind, types.IntKind, types.UintKind, types.DoubleKind, types.StringKind, types.BytesKind,
		types.TimestampKind, types.DurationKind:
		return r != Bool
	case types.ListKind, types.MapKind:
		return r == Any && allAllowed(t.Parameters())
	case types.OpaqueKind, types.StructKind:
		if r == Bool {
			return false
		}
		if t.TypeName() == types.OptionalType.TypeName() {
			return r.allows(t.Parameters()[0])
		}
		return textTypes[t.TypeName()]
	default:
		return false
	}
}

func allAllowed(parameters []*cel.Type) bool {
	for _, t := range parameters {
		if !Any.allows(t) {
			return false
		}
	}
	return true
}

// convert returns the plain value of a result. Each value costs one of the budget: cel-go does not
// charge for the object's elements in a result.
func convert(v ref.Val, budget *int) (any, error) {
	if *budget--; *budget < 0 {
		return nil, ErrCostLimit
	}
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Uint:
		if v > math.MaxInt64 {
			return float64(v), nil
		}
		return int64(v), nil
	case types.Double:
		return float64(v), nil
	case types.String:
		return string(v), nil
	case types.Bytes:
		return base64.StdEncoding.EncodeToString(v), nil
	case types.Timestamp:
		return v.UTC().Format(time.RFC3339Nano), nil
	case types.Duration:
		return v.Seconds(), nil
	case *types.Optional:
		if !v.HasValue() {
			return nil, nil
		}
		return convert(v.GetValue(), budget)
	case traits.Mapper:
		return convertMap(v, budget)
	case traits.Lister:
		return convertList(v, budget)
	default:
		if text, ok := v.Value().(fmt.Stringer); ok && textTypes[v.Type().TypeName()] {
			return text.String(), nil
		}
		return nil, newError(common.NoLocation, fmt.Sprintf("result has type %s, want %s", v.Type().TypeName(), Any))
	}
}

func convertList(list traits.Lister, budget *int) (any, error) {
	values := []any{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		value, err := convert(it.Next(), budget)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func convertMap(m traits.Mapper, budget *int) (any, error) {
	values := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		key, err := convertKey(k)
		if err != nil {
			return nil, err
		}
		if _, ok := values[key]; ok {
			return nil, newError(common.NoLocation, fmt.Sprintf("result has two keys %q", key))
		}
		if values[key], err = convert(m.Get(k), budget); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// convertKey returns the text of a map's key.
func convertKey(k ref.Val) (string, error) {
	switch k := k.(type) {
	case types.String:
		return string(k), nil
	case types.Int:
		return strconv.FormatInt(int64(k), 10), nil
	case types.Uint:
		return strconv.FormatUint(uint64(k), 10), nil
	case types.Bool:
		return strconv.FormatBool(bool(k)), nil
	default:
		return "", newError(common.NoLocation, fmt.Sprintf("result has a key of type %s", k.Type().TypeName()))
	}
}
