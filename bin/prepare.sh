# Sourced by bin/start, bin/test and bin/check: a Python environment that matches a lock file.

fail() {
    echo "switchyard: $*" >&2
    exit 1
}

# Prints the first Python >= 3.11 that can make environments.
find_python() {
    for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# prepare LOCK: .venv holds exactly what LOCK names; does nothing when that is so already.
prepare() {
    lock=$1
    # The development lock holds everything of the other one.
    stamp=.venv/.installed
    wanted=$(cksum "$lock")
    if [ -x .venv/bin/python ] && grep -qxF "$wanted" "$stamp" 2>/dev/null; then
        return 0
    fi
    python=$(find_python) || fail "Python 3.11 or newer with its venv module is needed, and \
$(python3 --version 2>/dev/null || echo no python3) was found. Install one (on Debian or Ubuntu: \
apt install python3.11 python3.11-venv) or name one with PYTHON=/path/to/python3."
    if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' \
        >/dev/null 2>&1; then
        echo "Making the Python environment .venv (once) ..."
        "$python" -m venv --clear .venv || fail "the environment .venv cannot be made here; is \
this folder writable and the disk not full?"
    fi
    echo "Installing the packages of $lock (once) ..."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        --only-binary :all: --requirement "$lock" ||
        fail "the packages could not be installed; the lines above say why. Most often there is \
no way to the package index, or the disk is full. Run it again when that is mended."
    # Both locks share their versions, so a stamp of one stays true when the other is installed.
    { cksum "$lock"; [ "$lock" = requirements.lock ] || cksum requirements.lock; } > "$stamp"
}
