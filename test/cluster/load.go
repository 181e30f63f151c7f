package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

// Load reads the objects of all YAML and JSON files in a directory: documents, and lists of any kind.
func Load(directory string) ([]Object, error) {
	var objects []Object
	for _, pattern := range []string{"*.yaml", "*.json"} {
		paths, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			found, err := loadFile(path)
			if err != nil {
				return nil, fmt.Errorf("load %s: %w", path, err)
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

func loadFile(path string) ([]Object, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var objects []Object
	for documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096); ; {
		var document runtime.RawExtension
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		found, err := decode(document.Raw)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
}

// decode returns an object, or the objects of a list.
func decode(raw []byte) ([]Object, error) {
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
	if err != nil {
		return nil, err
	}
	var objects []Object
	switch list, mixed := decoded.(*corev1.List); {
	case mixed:
		for _, item := range list.Items {
			found, err := decode(item.Raw)
			if err != nil {
				return nil, err
			}
			objects = append(objects, found...)
		}
	case meta.IsListType(decoded):
		err = meta.EachListItem(decoded, func(item runtime.Object) error {
			objects = append(objects, item.(Object))
			return nil
		})
	default:
		objects = append(objects, decoded.(Object))
	}
	return objects, err
}
