module jewelry-shop.local/kubernetes-1.24

go 1.24.0

require k8s.io/kubernetes v1.24.17
