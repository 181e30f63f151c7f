package rbac

import (
	"bytes"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// Write writes the objects as YAML documents.
func Write(to io.Writer, objects []any) error {
	var manifest bytes.Buffer
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return fmt.Errorf("roles as YAML: %w", err)
		}
		if i > 0 {
			manifest.WriteString("---\n")
		}
		manifest.Write(text)
	}
	_, err := to.Write(manifest.Bytes())
	return err
}
