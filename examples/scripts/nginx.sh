#!/bin/sh
# Sets up nginx in the machine "web" of lab.gaia.json.
set -eu
apt-get install -y nginx
echo "This is $SITE." > /var/www/html/site.txt
systemctl enable --now nginx
