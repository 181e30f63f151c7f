package generators_test

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A quantity is mantissa * base^exponent, as it was written.
type quantity struct {
	mantissa *big.Int
	exponent int // of ten
	binary   int // of two
}

var quantityForm = regexp.MustCompile(`^([+-]?)([0-9]*)\.?([0-9]*)(.*)$`)

var (
	decimalSuffixes = map[string]int{"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
	binarySuffixes  = map[string]int{"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
)

func (n node) quantity() quantity {
	parts := quantityForm.FindStringSubmatch(n.textOr("0"))
	sign, whole, fraction, suffix := parts[1], parts[2], parts[3], parts[4]
	mantissa, ok := new(big.Int).SetString(sign+whole+fraction, 10)
	if !ok {
		panic("no quantity: " + n.text())
	}
	q := quantity{mantissa: mantissa, exponent: -len(fraction)}
	decimal, isDecimal := decimalSuffixes[suffix]
	binary, isBinary := binarySuffixes[suffix]
	switch {
	case isDecimal:
		q.exponent += decimal
	case isBinary:
		q.binary = binary
	default: // e5, E-5
		exponent, err := strconv.Atoi(suffix[1:])
		if err != nil || !strings.ContainsAny(suffix[:1], "eE") {
			panic("no quantity: " + n.text())
		}
		q.exponent += exponent
	}
	return q
}

// exact is the quantity times a power of ten.
func (q quantity) exact(power int) *big.Rat {
	value := new(big.Rat).SetInt(q.mantissa)
	value.Mul(value, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(q.binary))))
	exponent := q.exponent + power
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil))
	if exponent < 0 {
		scale.Inv(scale)
	}
	return value.Mul(value, scale)
}

// rounded is the quantity as a whole number.
func (q quantity) rounded() float64 { return q.ceil(0, 1) }

// milli is the quantity in thousandths, or a whole number if thousandths overflow an int64.
func (q quantity) milli() float64 {
	if whole := q.rounded(); q.exact(0).Cmp(thousandthsEnd) > 0 {
		return whole
	}
	return q.ceil(3, 1000)
}

var thousandthsEnd = new(big.Rat).SetInt64(math.MaxInt64 / 1000)

// ceil is the quantity times a power of ten, rounded away from zero and divided by unit. An int64
// overflow is 0, specified only for a mantissa of int64 with a decimal suffix.
func (q quantity) ceil(power int, unit float64) float64 {
	value := q.exact(power)
	whole, rest := new(big.Int).QuoRem(value.Num(), value.Denom(), new(big.Int))
	whole.Add(whole, big.NewInt(int64(rest.Sign())))
	switch {
	case whole.IsInt64():
		return float64(whole.Int64()) / unit
	case q.binary > 0 || !q.mantissa.IsInt64():
		return unspecified
	}
	return 0
}

// approximate is the quantity in floating point, specified only for a mantissa of int64.
func (q quantity) approximate() float64 {
	if !q.mantissa.IsInt64() {
		return unspecified
	}
	mantissa, _ := new(big.Float).SetInt(new(big.Int).Lsh(q.mantissa, uint(q.binary))).Float64()
	if q.exponent == 0 {
		return mantissa
	}
	return mantissa * math.Pow10(q.exponent)
}

// Amounts of a list of resources, by the two ways to convert them.
type conversion func(resource string, q quantity) float64

func milliOfAll(_ string, q quantity) float64 { return q.milli() }

func milliOfCPU(resource string, q quantity) float64 {
	if resource == "cpu" {
		return q.milli()
	}
	return q.rounded()
}

// resources has one series for each resource and each unit that it has.
func resources(amounts node, units func(string) []string, convert conversion, pairs ...string) (all []series) {
	for _, name := range amounts.keys() {
		for _, unit := range units(name) {
			labels := append(slices.Clip(pairs), "resource", sanitize(name), "unit", unit)
			all = append(all, series{labels, convert(name, amounts.key(name).quantity())})
		}
	}
	return all
}

func podUnits(resource string) (units []string) {
	switch resource {
	case "cpu":
		units = append(units, "core")
	case "memory", "storage", "ephemeral-storage":
		units = append(units, "byte")
	}
	if strings.HasPrefix(resource, "hugepages-") {
		units = append(units, "byte")
	}
	if strings.HasPrefix(resource, "attachable-volumes-") {
		units = append(units, "byte")
	}
	if isExtended(resource) {
		units = append(units, "integer")
	}
	return units
}

func nodeUnits(resource string) []string {
	if resource == "pods" {
		return []string{"integer"}
	}
	return podUnits(resource)
}

const subdomain = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`

var (
	subdomains    = regexp.MustCompile(fmt.Sprintf(`\A%s(\.%s)*\z`, subdomain, subdomain))
	qualifiedName = regexp.MustCompile(`\A[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\z`)
)

// isExtended reports whether the name is that of an extended resource.
func isExtended(resource string) bool {
	if strings.Contains(resource, "kubernetes.io/") || strings.HasPrefix(resource, "requests.") {
		return false
	}
	if strings.Count(resource, "/") != 1 {
		return false
	}
	prefix, name, _ := strings.Cut("requests."+resource, "/")
	return len(prefix) <= 253 && subdomains.MatchString(prefix) && len(name) <= 63 && qualifiedName.MatchString(name)
}
