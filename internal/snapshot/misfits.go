package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A badField is a field whose value does not fit its type.
type badField struct {
	path   string // with the indices of elements
	names  []string
	reason string
	remove func()
}

// badFields returns the fields of decoded JSON whose values do not fit the type.
func badFields(value any, of reflect.Type, path string, names []string, remove func()) []badField {
	if value == nil {
		return nil
	}
	bad := func() []badField {
		text, err := json.Marshal(value)
		if err == nil {
			err = json.Unmarshal(text, reflect.New(of).Interface())
		}
		if err == nil {
			return nil
		}
		return []badField{{path, names, reasonOf(err, value), remove}}
	}
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if reflect.PointerTo(of).Implements(unmarshaler) {
		return bad()
	}
	switch value := value.(type) {
	case map[string]any:
		switch of.Kind() {
		case reflect.Struct:
			return badOfStruct(value, of, path, names)
		case reflect.Map:
			var all []badField
			for _, name := range slices.Sorted(maps.Keys(value)) {
				all = append(all, badFields(value[name], of.Elem(), join(path, name), append(slices.Clip(names), name), func() { delete(value, name) })...)
			}
			return all
		}
	case []any:
		if of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Uint8 {
			var all []badField
			for i, v := range value {
				all = append(all, badFields(v, of.Elem(), path+"["+strconv.Itoa(i)+"]", names, remove)...)
			}
			return all
		}
	}
	return bad()
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func badOfStruct(value map[string]any, of reflect.Type, path string, names []string) (all []badField) {
	for f := range of.Fields() {
		name := jsonName(f)
		if name == "" && f.Anonymous {
			all = append(all, badOfStruct(value, f.Type, path, names)...)
		} else if v, ok := value[name]; ok && name != "" {
			all = append(all, badFields(v, f.Type, join(path, name), append(slices.Clip(names), name), func() { delete(value, name) })...)
		}
	}
	return all
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// reasonOf formats why a value does not fit its field.
func reasonOf(err error, value any) string {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s instead of %s", kindOf(value), mismatch.Type)
	}
	return oneLine(err)
}

func kindOf(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64, json.Number:
		return fmt.Sprintf("number %v", value)
	case []any:
		return "list"
	default:
		return "mapping"
	}
}
