// Package snapshot reads Kubernetes objects from files, as kubectl prints them
// and support bundles hold them.
package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kubestate/kubestate/internal/generators"
)

// Contents are the objects of a snapshot.
type Contents struct {
	// Objects are those of the wanted kinds.
	Objects map[schema.GroupVersionKind][]runtime.Object
	// Skipped counts the rest by kind; documents that are no Kubernetes objects
	// count under the empty kind.
	Skipped map[schema.GroupVersionKind]int
}

// Read reads a file, or all files below a directory whose names end in .yaml,
// .yml or .json. A file may hold several documents, an object each or a list.
// An error names the file, the document, counted from 1, and the reason.
func Read(path string, wanted []schema.GroupVersionKind) (Contents, error) {
	r := reader{wanted: wanted, Contents: Contents{
		Objects: map[schema.GroupVersionKind][]runtime.Object{},
		Skipped: map[schema.GroupVersionKind]int{},
	}}
	info, err := os.Stat(path)
	if err != nil {
		return Contents{}, err
	}
	if !info.IsDir() {
		return r.Contents, r.file(path)
	}
	err = filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains(extensions, strings.ToLower(filepath.Ext(path))) {
			return err
		}
		return r.file(path)
	})
	return r.Contents, err
}

var extensions = []string{".yaml", ".yml", ".json"}

type reader struct {
	wanted []schema.GroupVersionKind
	Contents
}

func (r *reader) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	documents := yaml.NewYAMLOrJSONDecoder(f, 4096)
	for number := 1; ; number++ {
		var document json.RawMessage
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = r.document(document)
		}
		if err != nil {
			return fmt.Errorf("%s: document %d: %w", path, number, oneLine(err))
		}
	}
}

// oneLine is err with its lines joined: parsers may quote what they read.
func oneLine(err error) error {
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// envelope is what is to be known of a document before it is decoded.
type envelope struct {
	metav1.TypeMeta
	Items []json.RawMessage `json:"items"`
}

// document takes the objects from one document. Empty ones are no objects.
func (r *reader) document(document json.RawMessage) error {
	document = bytes.TrimSpace(document)
	if len(document) == 0 || bytes.Equal(document, []byte("null")) {
		return nil
	}
	if document[0] != '{' {
		r.Skipped[schema.GroupVersionKind{}]++
		return nil
	}
	var e envelope
	if err := json.Unmarshal(document, &e); err != nil {
		return err
	}
	kind := e.GroupVersionKind()
	item, isList := strings.CutSuffix(kind.Kind, "List")
	if !isList || e.Items == nil {
		return r.object(document, kind)
	}
	for i, object := range e.Items {
		if err := r.item(object, kind.GroupVersion().WithKind(item)); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return nil
}

// item takes one item of a list. Items of a typed list may leave out their
// kind, which the list's kind implies.
func (r *reader) item(object json.RawMessage, implied schema.GroupVersionKind) error {
	var own metav1.TypeMeta
	if err := json.Unmarshal(object, &own); err != nil {
		return err
	}
	if own.Kind == "" {
		return r.object(object, implied)
	}
	return r.object(object, own.GroupVersionKind())
}

var decoder = serializer.NewCodecFactory(generators.NewScheme()).UniversalDeserializer()

func (r *reader) object(object json.RawMessage, kind schema.GroupVersionKind) error {
	if !slices.Contains(r.wanted, kind) {
		if kind.Kind == "" {
			kind = schema.GroupVersionKind{}
		}
		r.Skipped[kind]++
		return nil
	}
	decoded, _, err := decoder.Decode(object, &kind, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", kind.Kind, err)
	}
	r.Objects[kind] = append(r.Objects[kind], decoded)
	return nil
}

// SkippedKinds describes Skipped in words, in order: 3 v1/ConfigMap.
func (c Contents) SkippedKinds() []string {
	kinds := make([]schema.GroupVersionKind, 0, len(c.Skipped))
	for kind := range c.Skipped {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b schema.GroupVersionKind) int { return cmp.Compare(a.String(), b.String()) })
	var words []string
	for _, kind := range kinds {
		name := kind.GroupVersion().String() + "/" + kind.Kind
		if kind.Kind == "" {
			name = "without a kind"
		}
		words = append(words, fmt.Sprintf("%d %s", c.Skipped[kind], name))
	}
	return words
}
