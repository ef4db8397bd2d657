"""Two models of MLServer's: one gives back what it is given, in any type and shape, one doubles."""

from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput


class Lab(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        outputs = [self.output(tensor) for tensor in payload.inputs]
        return InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs
        )


class Echo(Lab):
    def output(self, tensor):
        name = "out_" + tensor.name
        return ResponseOutput(name=name, datatype=tensor.datatype, shape=tensor.shape, data=tensor.data)


class Double(Lab):
    def output(self, tensor):
        data = [number + number for number in tensor.data]
        return ResponseOutput(name="y", datatype=tensor.datatype, shape=tensor.shape, data=data)
