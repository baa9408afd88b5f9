// Package register has only the provider that reads Secrets of the cluster. The others need the libraries of all clouds.
package register

import _ "github.com/external-secrets/external-secrets/pkg/provider/kubernetes"
