// Worker threads, a child, a server on the loopback, files by promises, timers, compression by the thread pool.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { execFile, spawn } = require('child_process');
const fs = require('fs/promises');
const http = require('http');
const zlib = require('zlib');
const crypto = require('crypto');
const { promisify } = require('util');

if (!isMainThread) {
    let sum = 0;
    for (let i = 0; i < 1e6; i++) sum += i % workerData;
    parentPort.postMessage(sum);
} else main();

function worker(data) {
    return new Promise((resolve, reject) => {
        const thread = new Worker(__filename, { workerData: data });
        thread.on('message', resolve).on('error', reject);
    });
}

function get(port, path) {
    return new Promise((resolve, reject) => {
        http.get({ port, path, agent: false }, (response) => {
            let text = '';
            response.on('data', (data) => { text += data; }).on('end', () => resolve(response.statusCode + text));
        }).on('error', reject);
    });
}

async function serve() {
    const server = http.createServer((request, response) => response.end(' ' + request.url));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = server.address().port;
    console.log(await Promise.all([...Array(20).keys()].map((i) => get(port, '/' + i))));
    server.close();
}

async function main() {
    console.log(await Promise.all([2, 3, 5, 7].map(worker)));
    console.log((await promisify(execFile)('sh', ['-c', 'echo child; exit 0'])).stdout);
    const child = spawn('cat');
    child.stdout.on('data', (data) => console.log('cat says ' + data));
    const closed = new Promise((resolve) => child.on('close', (...how) => resolve(how)));
    child.stdin.end('words');
    console.log(await closed);
    await serve();
    await fs.mkdir('folder');
    await Promise.all([...Array(30).keys()].map((i) => fs.writeFile('folder/' + i, 'x'.repeat(i))));
    console.log((await fs.readdir('folder')).sort().join());
    const packed = await Promise.all([1, 2, 3, 4].map((i) => promisify(zlib.gzip)(Buffer.alloc(1e6, i))));
    console.log(packed.map((data) => zlib.gunzipSync(data).length));
    console.log((await promisify(crypto.pbkdf2)('word', 'salt', 20000, 16, 'sha256')).toString('hex'));
    process.on('SIGUSR2', () => console.log('signal'));
    process.kill(process.pid, 'SIGUSR2');
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.on('exit', (status) => console.log('exit', status));
    process.exitCode = 4;
}
