//! Servers, driven by clients on the host. The ports are written in the scripts and are nobody else's.

use super::{bring, driven};
use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let redis = Case::words("redis-server with redis-benchmark", "redis-server --port 7391 --daemonize no").needs(&[
        "redis-server",
        "redis-cli",
        "redis-benchmark",
    ]);
    let nginx = Case::words("nginx with wrk", "nginx -p . -c nginx.conf")
        .needs(&["nginx", "wrk", "curl"])
        // Its workers are somebody who must be able to come here.
        .set_up(&format!(
            "{}chmod 711 .. .; mkdir temporary upload; chmod 777 temporary upload\n\
             echo small >small; seq 1 1000000 >large; seq 1 20000 >text.html",
            bring("nginx.conf")
        ));
    let all = [driven(redis.set_up("echo 'save \"\"' >redis.conf"), "redis.sh"), driven(nginx, "nginx.sh")];
    all.into_iter().map(|case| case.memory("2G").seconds(90)).collect()
}
