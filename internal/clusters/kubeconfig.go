package clusters

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubestate/kubestate/internal/apiclient"
)

// A Connection has the address and the credentials of an API server.
type Connection struct {
	Config *rest.Config
	// Digest identifies the connection: a hash of the used part of the kubeconfig. Files that the kubeconfig
	// names are not part of it, since client-go reads them again.
	Digest string
}

// Connect returns the connection of a context of a kubeconfig, or of its current context if the name is
// empty. Nothing is taken from elsewhere: neither the environment nor the pod's own credentials. Paths
// in the kubeconfig are relative to its directory.
func Connect(path, context string) (Connection, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would block
		return Connection{}, fmt.Errorf("kubeconfig %s: not a regular file", path)
	}
	config, err := clientcmd.LoadFromFile(path)
	if err == nil {
		err = clientcmd.ResolveLocalPaths(config)
	}
	if err != nil {
		return Connection{}, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	if context != "" {
		config.CurrentContext = context
	}
	if config.CurrentContext == "" {
		return Connection{}, fmt.Errorf("kubeconfig %s: it has no current context", path)
	}
	used := *config
	if err := clientcmdapi.MinifyConfig(&used); err != nil {
		return Connection{}, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	for _, c := range used.Clusters {
		if c.Server == "" { // client-go would ask localhost
			return Connection{}, fmt.Errorf("kubeconfig %s: context %s names no API server", path, used.CurrentContext)
		}
	}
	if len(used.Clusters) == 0 {
		return Connection{}, errors.New("kubeconfig " + path + ": context " + used.CurrentContext + " names no cluster")
	}
	if err := CheckFiles(used, used.CurrentContext); err != nil {
		return Connection{}, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	text, err := clientcmd.Write(used)
	if err != nil {
		return Connection{}, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	to, err := clientcmd.NewNonInteractiveClientConfig(used, used.CurrentContext, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return Connection{}, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	digest := sha256.Sum256(text)
	return Connection{Config: to, Digest: hex.EncodeToString(digest[:])}, nil
}

// CheckFiles returns an error if a file that a context of a kubeconfig names is not regular.
func CheckFiles(config clientcmdapi.Config, context string) error {
	var named rest.Config
	used := config.Contexts[context]
	if used == nil {
		return nil
	}
	if cluster := config.Clusters[used.Cluster]; cluster != nil {
		named.CAFile = cluster.CertificateAuthority
	}
	if user := config.AuthInfos[used.AuthInfo]; user != nil {
		named.BearerTokenFile, named.CertFile, named.KeyFile = user.TokenFile, user.ClientCertificate, user.ClientKey
	}
	return apiclient.CheckFiles(&named)
}
