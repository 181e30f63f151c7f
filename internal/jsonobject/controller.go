package jsonobject

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// errFound ends parsing early.
var errFound = errors.New("found")

// GetOwnerReferences returns the controller reference of the object, with kind, name and uid; nil
// without any. It parses JSON: most objects are not asked.
func (o *Object) GetOwnerReferences() (references []metav1.OwnerReference) {
	p := newParser(o.JSON)
	_ = p.members(func(key []byte) error { // JSON has been parsed before
		if string(key) != "metadata" {
			return p.SkipValue()
		}
		return p.members(func(key []byte) error {
			if string(key) != "ownerReferences" {
				return p.SkipValue()
			}
			return p.controller(&references)
		})
	})
	return references
}

// controller parses a list of references up to the first controller reference.
func (p *parser) controller(to *[]metav1.OwnerReference) error {
	if p.PeekKind() != '[' {
		return p.SkipValue()
	}
	if _, err := p.ReadToken(); err != nil {
		return err
	}
	for p.PeekKind() != ']' {
		var r metav1.OwnerReference
		err := p.members(func(key []byte) error {
			switch string(key) {
			case "kind":
				return p.text(&r.Kind)
			case "name":
				return p.text(&r.Name)
			case "uid":
				return p.text((*string)(&r.UID))
			case "controller":
				r.Controller = new(p.PeekKind() == 't')
			}
			return p.SkipValue()
		})
		if err != nil {
			return err
		}
		if r.Controller != nil && *r.Controller {
			*to = []metav1.OwnerReference{r}
			return errFound
		}
	}
	_, err := p.ReadToken()
	return err
}
