// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Every exported type, constant, variable and function of a package under an internal/ is used by
// code that is no test; but for packages that await their next user (awaiting), which will read
// what they store. Methods are left to deadcode (make lint), which knows interfaces.
func TestExportedIdentifiersAreUsed(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{
		Context: t.Context(),
		Dir:     root,
		Mode: packages.NeedName | packages.NeedImports | packages.NeedTypes | packages.NeedTypesInfo |
			packages.NeedSyntax,
	}, "./...")
	require.NoError(t, err)

	used := map[string]bool{}
	for _, p := range loaded {
		require.Empty(t, p.Errors)
		for _, object := range p.TypesInfo.Uses {
			if object.Pkg() != nil {
				used[object.Pkg().Path()+"."+object.Name()] = true
			}
		}
	}

	checked := 0
	for _, p := range loaded {
		path := strings.TrimPrefix(p.PkgPath, module)
		if !strings.HasPrefix(path, "internal/") && !strings.Contains(path, "/internal/") ||
			testOnly(path) || strings.HasPrefix(path, "test/") ||
			awaiting[path] != "" ||
			strings.HasSuffix(path, "/metadata") || strings.HasSuffix(path, "/metadatatest") {
			continue
		}
		scope := p.Types.Scope()
		for _, name := range scope.Names() {
			object := scope.Lookup(name)
			if !object.Exported() {
				continue
			}
			checked++
			if !used[p.PkgPath+"."+name] && !usedAsType(object, used) {
				t.Errorf("%s.%s is exported and only tests use it", path, name)
			}
		}
	}
	require.Greater(t, checked, 300)
}

// usedAsType reports whether a constant is one of a type that is used: such constants are a list
// whose members are there for whoever reads a value of it.
func usedAsType(object types.Object, used map[string]bool) bool {
	constant, ok := object.(*types.Const)
	if !ok {
		return false
	}
	named, ok := constant.Type().(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg() == object.Pkg() && used[named.Obj().Pkg().Path()+"."+named.Obj().Name()]
}
