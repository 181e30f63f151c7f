package apiclient

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// A table is a metav1.Table in JSON: the columns that kubectl prints of objects, with their metadata.
// A list is one table. Each event of a watch is a table of one row; only the first of a watch defines
// the columns.
type table struct {
	Kind              string
	Metadata          metav1.ListMeta
	ColumnDefinitions []struct{ Name string }
	Rows              []row
}

type row struct {
	Cells  []any
	Object struct{ Metadata metav1.ObjectMeta }
}

// table decodes a table to a list or an object. It returns nil for anything else.
func (d *decoder) table(b []byte) (runtime.Object, error) {
	var t table
	if err := json.Unmarshal(b, &t); err != nil || t.Kind != "Table" {
		return nil, nil
	}
	if err := d.findColumns(t); err != nil {
		return nil, err
	}
	if d.stream {
		if len(t.Rows) != 1 {
			return nil, fmt.Errorf("event with a table of %d rows", len(t.Rows))
		}
		return d.fromRow(t.Rows[0])
	}
	var objects []runtime.Object
	for _, r := range t.Rows {
		o, err := d.fromRow(r)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
	list := reflect.New(d.list).Interface().(interface {
		runtime.Object
		metav1.ListMetaAccessor
	})
	*list.GetListMeta().(*metav1.ListMeta) = t.Metadata
	return list, meta.SetList(list, objects)
}

// findColumns sets the indexes of the resource's columns if t defines columns.
func (d *decoder) findColumns(t table) error {
	if t.ColumnDefinitions == nil && d.columns != nil {
		return nil
	}
	d.columns = nil
	for _, c := range d.Columns {
		i := slices.IndexFunc(t.ColumnDefinitions, func(d struct{ Name string }) bool { return d.Name == c.Name })
		if i < 0 {
			return fmt.Errorf("table without column %s", c.Name)
		}
		d.columns = append(d.columns, i)
	}
	return nil
}

// fromRow returns the object of a row.
func (d *decoder) fromRow(r row) (runtime.Object, error) {
	o := reflect.New(d.object).Interface().(Object)
	*o.(metav1.ObjectMetaAccessor).GetObjectMeta().(*metav1.ObjectMeta) = r.Object.Metadata
	for i, c := range d.Columns {
		at := d.columns[i]
		if at >= len(r.Cells) {
			return nil, fmt.Errorf("row of %d cells without column %s", len(r.Cells), c.Name)
		}
		cell, _ := r.Cells[at].(string)
		c.Set(o, cell)
	}
	return o, nil
}
