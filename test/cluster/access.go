package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// User is a user who may authenticate. RBAC authorizes them.
type User struct {
	Name   string
	Groups []string
}

func (u User) token() string { return u.Name + "-token" }

// KubeconfigFor writes a kubeconfig for the user and returns its path. The API server accepts only
// users of the options.
func (c *Cluster) KubeconfigFor(u User) (string, error) {
	path := c.path(u.Name + ".kubeconfig")
	return path, WriteKubeconfig(path, c.URL, c.CA, u.token())
}

// Token returns the user's token.
func (c *Cluster) Token(u User) string { return u.token() }

// Admin returns the cluster administrator, the user of Config and Kubeconfig.
func (c *Cluster) Admin() User { return c.admin }

// WriteKubeconfig writes a kubeconfig for a server with the CA in the file ca.
func WriteKubeconfig(path, url, ca, token string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: url, CertificateAuthority: ca}
	config.AuthInfos["test"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	config.CurrentContext = "test"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}

// WriteCA writes the certificate of a new certificate authority to path, and returns it and its key.
func WriteCA(path string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	template := certificate("test authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make CA: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make CA: %w", err)
	}
	return template, key, writePEM(path, "CERTIFICATE", der)
}

// writeFiles writes the components' files, and the administrator's kubeconfig.
func (c *Cluster) writeFiles() error {
	c.CA = c.path("ca.crt")
	if err := c.writeServingCertificate(); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make service account key: %w", err)
	}
	if err := writeKey(c.path("service-account.key"), key); err != nil {
		return err
	}
	if err := os.WriteFile(c.path("tokens.csv"), c.tokens(), 0o600); err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	if err := os.WriteFile(c.path("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return fmt.Errorf("write audit policy: %w", err)
	}
	c.Kubeconfig, err = c.KubeconfigFor(c.admin)
	return err
}

// tokens returns the API server's token file: token, user, uid, groups.
func (c *Cluster) tokens() []byte {
	var csv strings.Builder
	for _, u := range append([]User{c.admin}, c.opts.Users...) {
		fmt.Fprintf(&csv, "%s,%s,%s,%q\n", u.token(), u.Name, u.Name, strings.Join(u.Groups, ","))
	}
	return []byte(csv.String())
}

func (c *Cluster) writeServingCertificate() error {
	ca, caKey, err := WriteCA(c.CA)
	if err != nil {
		return err
	}
	return WriteServing(ca, caKey, c.path("apiserver.crt"), c.path("apiserver.key"))
}

// WriteServing writes a certificate for a server on 127.0.0.1 with names, signed by a certificate
// authority, and its key.
func WriteServing(ca *x509.Certificate, caKey *ecdsa.PrivateKey, certificatePath, keyPath string, names ...string) error {
	template := certificate("test server")
	template.DNSNames = names
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} // clients use it too
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make serving certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		return fmt.Errorf("make serving certificate: %w", err)
	}
	if err := writePEM(certificatePath, "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(keyPath, key)
}

// certificate returns the common part of all certificates.
func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	return nil
}
