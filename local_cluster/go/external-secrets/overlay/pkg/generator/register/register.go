// Package register has no generators. They need the libraries of all clouds.
package register
