#!/bin/sh
# Tracked files hold no address of a package registry and no path of the machine they were made on.
set -u
cd "$(dirname "$0")/.."
found=0

refuse() { # why, then what `git grep` takes
    why=$1; shift
    if git grep --line-number -I "$@" -- . ; then
        echo "check_tracked: $why" >&2
        found=1
    fi
}

refuse "a registry's address; requirements.txt is written without (make lock)" \
    --ignore-case --extended-regexp '(pypi|pythonhosted|npmjs|debian)\.(org|com)'

for folder in "$PWD" "$(dirname "$PWD")" "${HOME:-}"; do
    case $folder in
        "" | / | /tmp | /home) ;; # words that any text may hold
        *) refuse "a path of this machine ($folder)" --fixed-strings -e "$folder/" ;;
    esac
done
exit $found
