// Calls the server at HOST:PORT (first argument) with gRPC for JavaScript, by the protos under the folder in the second argument, and prints what it
// saw as one JSON object.
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [, , address, protos] = process.argv;
const definition = loader.loadSync('grpc/testing/test.proto', { includeDirs: [protos], keepCase: true });
const { TestService, UnimplementedService } = grpc.loadPackageDefinition(definition).grpc.testing;
const client = new TestService(address, grpc.credentials.createInsecure());

const unary = (method, request, metadata = new grpc.Metadata(), options = {}, on = client) =>
  new Promise((resolve) => {
    const seen = {};
    const call = on[method](request, metadata, options, (error, answer) =>
      Object.assign(seen, { code: error ? error.code : 0, details: error?.details, size: answer?.payload?.body?.length }));
    call.on('metadata', (headers) => { seen.headers = headers.toJSON(); });
    call.on('status', (status) => { seen.trailers = status.metadata.toJSON(); setImmediate(() => resolve(seen)); });
  });

const stream = (call, requests) =>
  new Promise((resolve) => {
    const sizes = [];
    call.on('data', (answer) => sizes.push(answer.payload.body.length));
    call.on('error', () => { });
    call.on('status', (status) => resolve({ code: status.code, sizes }));
    for (const request of requests) call.write(request);
    if (call.end) call.end();
  });

const sizes = (...all) => ({ response_parameters: all.map((size) => ({ size })) });

(async () => {
  const metadata = new grpc.Metadata();
  metadata.set('x-grpc-test-echo-initial', 'hello');
  metadata.set('x-grpc-test-echo-trailing-bin', Buffer.from([0xab, 0xab, 0xab]));
  const results = {
    large: await unary('UnaryCall', { response_size: 314159, payload: { body: Buffer.alloc(271828) } }),
    metadata: await unary('UnaryCall', { response_size: 1 }, metadata),
    status: await unary('UnaryCall', { response_status: { code: 2, message: '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n' } }),
    deadline: await unary('UnaryCall', {}, new grpc.Metadata(), { deadline: Date.now() - 1 }),
    unimplementedMethod: await unary('UnimplementedCall', {}),
    unimplementedService: await unary('UnimplementedCall', {}, new grpc.Metadata(), {}, new UnimplementedService(address, grpc.credentials.createInsecure())),
    serverStreaming: await stream(client.StreamingOutputCall(sizes(31415, 9, 2653, 58979)), []),
    duplex: await stream(client.FullDuplexCall(), [sizes(1), sizes(2, 3)]),
    timeoutOnSleepingServer: await stream(client.FullDuplexCall({ deadline: Date.now() + 200 }).on('error', () => { }), [
      { response_parameters: [{ size: 1, interval_us: 20_000_000 }] },
    ]),
  };
  console.log(JSON.stringify(results));
  client.close();
  process.exit(0);
})();
